// A listener that writes down what a source tells, and lets a test wait for it without sleeping.
import type { SourceListener } from '../../src/control/ports.ts'
import type { KindName } from '../../src/domain/kinds.ts'
import type { KubeObject } from '../../src/domain/kube-object.ts'
import type { Availability } from '../../src/reconcile/ports.ts'

export type Telling =
  | { readonly told: 'replace'; readonly kind: KindName; readonly objects: readonly KubeObject[] }
  | { readonly told: 'upsert' | 'remove'; readonly kind: KindName; readonly object: KubeObject }
  | { readonly told: 'availability'; readonly kind: KindName; readonly availability: Availability }

export class Told implements SourceListener {
  readonly all: Telling[] = []
  readonly #waiting = new Set<() => void>()

  replace(kind: KindName, objects: readonly KubeObject[]): void {
    this.#add({ told: 'replace', kind, objects })
  }

  upsert(kind: KindName, object: KubeObject): void {
    this.#add({ told: 'upsert', kind, object })
  }

  remove(kind: KindName, object: KubeObject): void {
    this.#add({ told: 'remove', kind, object })
  }

  setAvailability(kind: KindName, availability: Availability): void {
    this.#add({ told: 'availability', kind, availability })
  }

  /** Resolves once `find` answers something for what was told so far; the test's own time limit bounds the wait. */
  until<Value>(find: (all: readonly Telling[]) => Value | undefined | false): Promise<Value> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = find(this.all)
        if (found === undefined || found === false) return
        this.#waiting.delete(look)
        resolve(found)
      }
      this.#waiting.add(look)
      look()
    })
  }

  untilSynced(kind: KindName): Promise<true> {
    return this.until((all) => all.some((telling) => isSynced(telling, kind)) || undefined)
  }

  /** The objects of a kind as a store that follows the tellings would hold them, by `namespace/name`. */
  objects(kind: KindName): ReadonlyMap<string, KubeObject> {
    const held = new Map<string, KubeObject>()
    for (const telling of this.all) {
      if (telling.kind !== kind) continue
      if (telling.told === 'replace') {
        held.clear()
        for (const object of telling.objects) held.set(nameOf(object), object)
      } else if (telling.told === 'upsert') {
        held.set(nameOf(telling.object), telling.object)
      } else if (telling.told === 'remove') {
        held.delete(nameOf(telling.object))
      }
    }
    return held
  }

  #add(telling: Telling): void {
    this.all.push(telling)
    for (const look of [...this.#waiting]) look()
  }
}

function isSynced(telling: Telling, kind: KindName): boolean {
  return telling.told === 'availability' && telling.kind === kind && telling.availability.state === 'synced'
}

function nameOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

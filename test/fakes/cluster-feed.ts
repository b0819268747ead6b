// How the fake cluster tells its listener what happens: in order, never while another call is running, and held back when a test
// wants stale caches.
import type { ClusterSource, SourceListener } from '../../src/control/ports.ts'
import { type KindName, kinds } from '../../src/domain/kinds.ts'
import type { KubeObject } from '../../src/domain/kube-object.ts'
import type { Availability } from '../../src/reconcile/ports.ts'

type Telling = (listener: SourceListener) => void

/** The kinds that nobody lists: read by name, or written only. */
const unlisted: ReadonlySet<string> = new Set([
  'Secret',
  'ConfigMap',
  'Lease',
  'Event',
  'CustomResourceDefinition',
])

export class FakeClusterFeed implements ClusterSource {
  readonly #listOf: (kind: KindName) => readonly KubeObject[]
  readonly #availability = new Map<KindName, Availability>()
  readonly #pending: Telling[] = []
  #listener: SourceListener | undefined
  #isHeld = false
  #isTelling = false

  constructor(listOf: (kind: KindName) => readonly KubeObject[]) {
    this.#listOf = listOf
  }

  start(listener: SourceListener): void {
    this.#listener = listener
    for (const kind of Object.keys(kinds) as KindName[]) {
      if (!unlisted.has(kind)) this.#begin(kind)
    }
  }

  async stop(): Promise<void> {
    this.#listener = undefined
    this.#pending.length = 0
  }

  hold(): void {
    this.#isHeld = true
  }

  release(): void {
    this.#isHeld = false
    this.#pump()
  }

  upsert(kind: KindName, object: KubeObject): void {
    if (this.#isRead(kind)) this.#tell((listener) => listener.upsert(kind, object))
  }

  remove(kind: KindName, object: KubeObject): void {
    if (this.#isRead(kind)) this.#tell((listener) => listener.remove(kind, object))
  }

  relist(kind: KindName): void {
    const objects = this.#listOf(kind)
    this.#tell((listener) => listener.replace(kind, objects))
  }

  /** Before `start`: how the kind begins. Later: a kind that becomes synced is listed again first. */
  setAvailability(kind: KindName, availability: Availability): void {
    this.#availability.set(kind, availability)
    if (this.#listener !== undefined) this.#begin(kind)
  }

  #begin(kind: KindName): void {
    const availability = this.#availability.get(kind) ?? { state: 'synced' }
    if (availability.state === 'synced') this.relist(kind)
    this.#tell((listener) => listener.setAvailability(kind, availability))
  }

  #isRead(kind: KindName): boolean {
    return !unlisted.has(kind) && (this.#availability.get(kind)?.state ?? 'synced') === 'synced'
  }

  #tell(telling: Telling): void {
    if (this.#listener === undefined) return
    this.#pending.push(telling)
    this.#pump()
  }

  #pump(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    try {
      while (!this.#isHeld && this.#listener !== undefined) {
        const telling = this.#pending.shift()
        if (telling === undefined) break
        telling(this.#listener)
      }
    } finally {
      this.#isTelling = false
    }
  }
}

/** Freezes the object and all in it, so that a mutation of a cached object is an exception in the test. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const nested of Object.values(value)) deepFreeze(nested)
  }
  return value
}

// One kind as the store wants it told, made of several reflectors when the operator is limited to namespaces: one list, one availability.
import type { SourceListener } from '../control/ports.ts'
import type { KindName } from '../domain/kinds.ts'
import type { KubeObject } from '../domain/kube-object.ts'
import type { Availability } from '../reconcile/ports.ts'
import type { ReflectorListener } from './reflector.ts'

type Part = { objects: Map<string, KubeObject> | undefined; availability: Availability }

export class KindFeed {
  readonly #kind: KindName
  readonly #listener: SourceListener
  readonly #parts: Part[] = []
  readonly #onRewound: () => void
  #isRewound = false // Whether an older state was seen than what was told last.
  #isTold = false // Whether a list was told: not before every part has its own, or cannot have one.

  constructor(kind: KindName, { listener, onRewound }: { listener: SourceListener; onRewound: () => void }) {
    this.#kind = kind
    this.#listener = listener
    this.#onRewound = onRewound
  }

  /** The listener for one more reflector. All are added before the first one starts. */
  addPart(): ReflectorListener {
    const part: Part = { objects: undefined, availability: { state: 'syncing' } }
    this.#parts.push(part)
    return {
      replace: (objects) => this.#replace(part, objects),
      upsert: (object) => {
        part.objects?.set(object.metadata.uid ?? '', object)
        if (this.#isTold) this.#listener.upsert(this.#kind, object)
      },
      remove: (object) => {
        part.objects?.delete(object.metadata.uid ?? '')
        if (this.#isTold) this.#listener.remove(this.#kind, object)
      },
      setAvailability: (availability) => this.#setAvailability(part, availability),
      rewound: () => {
        this.#isRewound = true
        this.#onRewound()
      },
    }
  }

  #replace(part: Part, objects: readonly KubeObject[]): void {
    if (this.#parts.length === 1) {
      this.#tell(objects)
      return
    }
    part.objects = new Map(objects.map((object) => [object.metadata.uid ?? '', object]))
    this.#tellAll()
  }

  #tellAll(): void {
    if (this.#parts.some((other) => other.objects === undefined)) return
    this.#tell(this.#parts.flatMap((other) => [...(other.objects?.values() ?? [])]))
  }

  #tell(objects: readonly KubeObject[]): void {
    this.#isTold = true
    this.#listener.replace(this.#kind, objects, { isRewound: this.#isRewound })
    this.#isRewound = false
  }

  #setAvailability(part: Part, availability: Availability): void {
    part.availability = availability
    this.#listener.setAvailability(this.#kind, worst(this.#parts.map((other) => other.availability)))
    if (availability.state !== 'forbidden' || this.#parts.length === 1 || part.objects !== undefined) return
    // What is in the other namespaces must not wait for a right on this one; the availability says that the list is not whole.
    part.objects = new Map()
    this.#tellAll()
  }
}

// What is missing somewhere is missing: only when all is synced may anything be concluded from absence.
const fromWorst: readonly Availability['state'][] = ['forbidden', 'notServed', 'syncing']

function worst(all: readonly Availability[]): Availability {
  for (const state of fromWorst) {
    const found = all.find((availability) => availability.state === state)
    if (found !== undefined) return found
  }
  return { state: 'synced' }
}

// The cluster's objects as last seen: filled by a source, read by decisions, never mutated. Levels, not events, are what it offers;
// a change only says which object to look at again.
import { type KindName, kinds } from '../domain/kinds.ts'
import type { KubeObject, Ref } from '../domain/kube-object.ts'
import { refOfObject } from '../domain/kube-object.ts'
import type { Availability, ObjectReader } from '../reconcile/ports.ts'
import type { SourceListener } from './ports.ts'

/** What became of one object. Both absent never happens; two UIDs never share one change (a recreated object is two changes). */
export type Change = {
  readonly ref: Ref
  readonly before: KubeObject | undefined
  readonly after: KubeObject | undefined
  /** True when a whole list was swapped in: such changes are many and may wait behind what a user just did (kube:Q6). */
  readonly fromList: boolean
}

export type ChangeListener = (change: Change) => void
export type AvailabilityListener = (kind: KindName, availability: Availability) => void

export class Store implements SourceListener, ObjectReader {
  readonly #collections = new Map<KindName, Map<string, KubeObject>>()
  readonly #sorted = new Map<KindName, readonly KubeObject[]>() // Dropped at each change of the kind, made again when read.
  readonly #owned = new Map<string, Set<KubeObject>>() // By the UID of the controller owner.
  readonly #availability = new Map<KindName, Availability>()
  readonly #changeListeners: ChangeListener[] = []
  readonly #availabilityListeners: AvailabilityListener[] = []

  onChange(listener: ChangeListener): void {
    this.#changeListeners.push(listener)
  }

  onAvailability(listener: AvailabilityListener): void {
    this.#availabilityListeners.push(listener)
  }

  get(ref: Ref): KubeObject | undefined {
    return this.#collections.get(ref.kind)?.get(nameOf(ref))
  }

  list(kind: KindName, namespace?: string): readonly KubeObject[] {
    const all = this.#sorted.get(kind) ?? this.#sort(kind)
    return namespace === undefined ? all : all.filter((object) => object.metadata.namespace === namespace)
  }

  ownedBy(ownerUid: string): readonly KubeObject[] {
    return [...(this.#owned.get(ownerUid) ?? [])]
  }

  availability(kind: KindName): Availability {
    return this.#availability.get(kind) ?? { state: 'syncing' }
  }

  replace(
    kind: KindName,
    objects: readonly KubeObject[],
    { isRewound }: { readonly isRewound: boolean } = { isRewound: false },
  ): void {
    const before = this.#collections.get(kind) ?? new Map<string, KubeObject>()
    const after = new Map<string, KubeObject>()
    for (const object of objects) {
      const name = nameOf(refOfObject(object))
      const held = before.get(name)
      const isHeldNewer = !isRewound && held !== undefined && isOlder(object, held)
      after.set(name, isHeldNewer ? held : object)
    }
    this.#collections.set(kind, after)
    this.#sorted.delete(kind)
    for (const object of before.values()) this.#disown(object)
    for (const object of after.values()) this.#own(object)
    this.#tellDifferences(before, after)
  }

  upsert(kind: KindName, object: KubeObject): void {
    const collection = this.#collections.get(kind) ?? new Map<string, KubeObject>()
    this.#collections.set(kind, collection)
    const ref = refOfObject(object)
    const before = collection.get(nameOf(ref))
    if (before !== undefined && (isOlder(object, before) || isSame(object, before))) return
    collection.set(nameOf(ref), object)
    this.#sorted.delete(kind)
    if (before !== undefined) this.#disown(before)
    this.#own(object)
    this.#tellOne(ref, before, object, false)
  }

  remove(kind: KindName, object: KubeObject): void {
    const ref = refOfObject(object)
    const collection = this.#collections.get(kind)
    const held = collection?.get(nameOf(ref))
    if (collection === undefined || held === undefined || held.metadata.uid !== object.metadata.uid) return
    collection.delete(nameOf(ref))
    this.#sorted.delete(kind)
    this.#disown(held)
    this.#tell({ ref, before: held, after: undefined, fromList: false })
  }

  setAvailability(kind: KindName, availability: Availability): void {
    const before = this.availability(kind)
    if (before.state === availability.state && messageOf(before) === messageOf(availability)) return
    this.#availability.set(kind, availability)
    for (const listener of this.#availabilityListeners) listener(kind, availability)
  }

  #sort(kind: KindName): readonly KubeObject[] {
    const sorted = [...(this.#collections.get(kind)?.values() ?? [])].sort(byNamespaceAndName)
    this.#sorted.set(kind, sorted)
    return sorted
  }

  #tellDifferences(before: ReadonlyMap<string, KubeObject>, after: ReadonlyMap<string, KubeObject>): void {
    for (const [name, object] of before) {
      if (!after.has(name)) {
        this.#tell({ ref: refOfObject(object), before: object, after: undefined, fromList: true })
      }
    }
    for (const [name, object] of after) {
      const held = before.get(name)
      if (held !== object && !(held !== undefined && isSame(object, held))) {
        this.#tellOne(refOfObject(object), held, object, true)
      }
    }
  }

  /** One name with another UID was deleted and made anew: two changes (kube:R4). */
  #tellOne(ref: Ref, before: KubeObject | undefined, after: KubeObject, fromList: boolean): void {
    if (before !== undefined && before.metadata.uid !== after.metadata.uid) {
      this.#tell({ ref, before, after: undefined, fromList })
      this.#tell({ ref, before: undefined, after, fromList })
      return
    }
    this.#tell({ ref, before, after, fromList })
  }

  #tell(change: Change): void {
    for (const listener of this.#changeListeners) listener(change)
  }

  #own(object: KubeObject): void {
    const owner = controllerUid(object)
    if (owner === undefined) return
    const children = this.#owned.get(owner) ?? new Set()
    this.#owned.set(owner, children.add(object))
  }

  #disown(object: KubeObject): void {
    const owner = controllerUid(object)
    const children = owner === undefined ? undefined : this.#owned.get(owner)
    if (owner === undefined || children === undefined) return
    children.delete(object)
    if (children.size === 0) this.#owned.delete(owner)
  }
}

/** UID of the owner that controls this object; what makes a child ours, labels alone prove nothing (kube:A4). */
export function controllerUid(object: KubeObject): string | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true)?.uid
}

function nameOf(ref: Ref): string {
  return kinds[ref.kind].namespaced ? `${ref.namespace}/${ref.name}` : ref.name
}

/** Resource versions of one resource compare as integers (KEP-5504). Objects without one come from files and are never older. */
function isOlder(candidate: KubeObject, held: KubeObject): boolean {
  const [left, right] = [candidate.metadata.resourceVersion, held.metadata.resourceVersion]
  if (candidate.metadata.uid !== held.metadata.uid || left === undefined || right === undefined) return false
  return /^\d+$/.test(left) && /^\d+$/.test(right) && BigInt(left) < BigInt(right)
}

function isSame(candidate: KubeObject, held: KubeObject): boolean {
  return (
    candidate.metadata.uid === held.metadata.uid &&
    candidate.metadata.resourceVersion !== undefined &&
    candidate.metadata.resourceVersion === held.metadata.resourceVersion
  )
}

function messageOf(availability: Availability): string {
  return availability.state === 'forbidden' ? availability.message : ''
}

function byNamespaceAndName(left: KubeObject, right: KubeObject): number {
  const [a, b] = [left.metadata, right.metadata]
  return compare(a.namespace ?? '', b.namespace ?? '') || compare(a.name, b.name)
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

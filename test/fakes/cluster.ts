// A small cluster in memory behind both ports of `control`: resource versions, UIDs, generations, server-side apply, finalizers.
// It holds for the same contract suite as the real API server, and refuses what Roundsman must never do anywhere.
import type { Answer, ApiFailure, ClusterSink, ClusterSource } from '../../src/control/ports.ts'
import type { Clock } from '../../src/domain/clock.ts'
import type { KindName } from '../../src/domain/kinds.ts'
import {
  type KubeObject,
  keyOf,
  type ObjectKey,
  type Ref,
  refOfObject,
} from '../../src/domain/kube-object.ts'
import type { FieldManager, PlannedEvent } from '../../src/reconcile/plan.ts'
import type { Availability } from '../../src/reconcile/ports.ts'
import { deepFreeze, FakeClusterFeed } from './cluster-feed.ts'
import { type Applied, applyFields, type Fields, replaceFields } from './field-ownership.ts'

export type Operation = Exclude<keyof ClusterSink, 'emit'>

/** One call of the sink that changed, or meant to change, something. */
export type LoggedWrite = {
  readonly operation: Exclude<Operation, 'get'>
  readonly ref: Ref
  readonly manager?: FieldManager
  readonly changed: boolean
}

type Stored = { readonly object: KubeObject; readonly owners: Applied['owners'] }
type Fault = { readonly failure: ApiFailure; readonly carriedOut: boolean; times: number }

export class FakeCluster {
  readonly source: ClusterSource
  readonly sink: ClusterSink
  /** Every write of the sink in order; the oracle for "converged means silent". */
  readonly writes: LoggedWrite[] = []
  readonly events: PlannedEvent[] = []
  readonly #clock: Clock
  readonly #objects = new Map<ObjectKey, Stored>()
  readonly #faults = new Map<Operation, Fault>()
  readonly #feed: FakeClusterFeed
  #lastVersion = 1_000
  #lastUid = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#feed = new FakeClusterFeed((kind) => this.#listOf(kind))
    this.source = this.#feed
    this.sink = this.#makeSink()
  }

  /** What a user or another controller does: creates the object, or replaces all but its metadata of the server and its status. */
  put(object: KubeObject): KubeObject {
    const held = this.#objects.get(keyOf(refOfObject(object)))
    if (held === undefined) return this.#insert(object, 'user', [])
    const status = hasStatus(object) ? (object.status ?? held.object.status) : object.status
    const wanted = { ...object, ...(status === undefined ? {} : { status }) }
    const current = { fields: userFields(held.object), owners: held.owners }
    return this.#store(held, replaceFields(current, userFields(wanted), 'user', object.kind))
  }

  /** Deletes as a user does: at once, or when the last finalizer is gone. */
  delete(ref: Ref): void {
    const held = this.#objects.get(keyOf(ref))
    if (held !== undefined) this.#delete(held)
  }

  read(ref: Ref): KubeObject | undefined {
    return this.#objects.get(keyOf(ref))?.object
  }

  list(kind: KindName): readonly KubeObject[] {
    return this.#listOf(kind)
  }

  /** The next calls of this operation fail without effect. */
  fail(operation: Operation, failure: ApiFailure, times = 1): void {
    this.#faults.set(operation, { failure, carriedOut: false, times })
  }

  /** The next calls of this operation take effect, but their answer is lost. */
  loseAnswer(operation: Operation, times = 1): void {
    const failure: ApiFailure = { kind: 'unavailable', message: 'the connection was reset' }
    this.#faults.set(operation, { failure, carriedOut: true, times })
  }

  /** From now on the source tells nothing, as a stalled watch: caches grow stale. `release` tells all that was missed, in order. */
  hold(): void {
    this.#feed.hold()
  }

  release(): void {
    this.#feed.release()
  }

  /** Tells the whole list of the kind again, as after a relist. */
  relist(kind: KindName): void {
    this.#feed.relist(kind)
  }

  setAvailability(kind: KindName, availability: Availability): void {
    this.#feed.setAvailability(kind, availability)
  }

  #makeSink(): ClusterSink {
    return {
      get: (ref) => this.#answer('get', ref, undefined, () => good(this.read(ref))),
      create: (object, manager) =>
        this.#answer('create', refOfObject(object), manager, () => this.#create(object, manager)),
      update: (object, manager, { uid }) =>
        this.#answer('update', refOfObject(object), manager, () => this.#update(object, manager, uid)),
      updateStatus: (ref, status, options) =>
        this.#answer('updateStatus', ref, options.manager, () => this.#updateStatus(ref, status, options)),
      remove: (ref, precondition) =>
        this.#answer('remove', ref, undefined, () => this.#remove(ref, precondition)),
      setFinalizer: (object, change) =>
        this.#answer('setFinalizer', refOfObject(object), undefined, () =>
          this.#setFinalizer(object, change),
        ),
      emit: (event) => {
        this.events.push(event)
      },
    }
  }

  async #answer<Value>(
    operation: Operation,
    ref: Ref,
    manager: FieldManager | undefined,
    carryOut: () => Answer<Value>,
  ): Promise<Answer<Value>> {
    await Promise.resolve() // A real answer never comes in the same turn.
    const fault = this.#takeFault(operation)
    if (fault !== undefined && !fault.carriedOut) return bad(fault.failure)
    const before = this.#lastVersion
    const answer = carryOut()
    if (operation !== 'get') {
      const changed = this.#lastVersion !== before
      this.writes.push({ operation, ref, ...(manager === undefined ? {} : { manager }), changed })
    }
    return fault === undefined ? answer : bad(fault.failure)
  }

  #takeFault(operation: Operation): Fault | undefined {
    const fault = this.#faults.get(operation)
    if (fault === undefined) return undefined
    fault.times -= 1
    if (fault.times <= 0) this.#faults.delete(operation)
    return fault
  }

  #create(object: KubeObject, manager: FieldManager): Answer<KubeObject> {
    if (this.read(refOfObject(object)) !== undefined) {
      return bad({ kind: 'alreadyExists', message: `${object.kind} ${object.metadata.name} exists` })
    }
    this.#refuseWhatMustNeverBe(object)
    return good(this.#insert(object, manager, [manager]))
  }

  #update(object: KubeObject, manager: FieldManager, uid: string): Answer<KubeObject> {
    const held = this.#objects.get(keyOf(refOfObject(object)))
    if (held === undefined || held.object.metadata.uid !== uid) return moved(object.metadata.name)
    this.#refuseWhatMustNeverBe(object)
    const current = { fields: userFields(held.object), owners: held.owners }
    const { status: _, ...wanted } = userFields(object)
    const applied = applyFields(
      current,
      hasStatus(object) ? wanted : userFields(object),
      manager,
      object.kind,
    )
    return good(this.#store(held, applied))
  }

  #updateStatus(
    ref: Ref,
    status: Readonly<Record<string, unknown>>,
    { manager, resourceVersion }: { manager: FieldManager; resourceVersion: string },
  ): Answer<KubeObject> {
    const held = this.#objects.get(keyOf(ref))
    if (held === undefined) return bad({ kind: 'notFound', message: `${ref.kind} ${ref.name} is gone` })
    if (held.object.metadata.resourceVersion !== resourceVersion) return moved(ref.name)
    const current = { fields: userFields(held.object), owners: held.owners }
    return good(this.#store(held, applyFields(current, { status }, `${manager} status`, ref.kind)))
  }

  #remove(ref: Ref, precondition: { uid: string; resourceVersion: string }): Answer<undefined> {
    const held = this.#objects.get(keyOf(ref))
    if (held === undefined || held.object.metadata.uid !== precondition.uid) return good(undefined)
    if (held.object.metadata.resourceVersion !== precondition.resourceVersion) return moved(ref.name)
    this.#delete(held)
    return good(undefined)
  }

  #setFinalizer(
    object: KubeObject,
    { finalizer, present }: { finalizer: string; present: boolean },
  ): Answer<KubeObject | undefined> {
    const held = this.#objects.get(keyOf(refOfObject(object)))
    if (held === undefined || held.object.metadata.uid !== object.metadata.uid) {
      return present ? moved(object.metadata.name) : good(undefined)
    }
    const { finalizers: before = [], deletionTimestamp } = held.object.metadata
    if (before.includes(finalizer) === present) return good(held.object)
    if (present && deletionTimestamp !== undefined) {
      return bad({ kind: 'invalid', message: `${object.kind} ${object.metadata.name} is being deleted` })
    }
    const finalizers = present ? [...before, finalizer] : before.filter((name) => name !== finalizer)
    const metadata = { ...held.object.metadata, finalizers }
    const owners = held.owners
    const next = this.#write({ object: { ...held.object, metadata }, owners })
    if (deletionTimestamp !== undefined && finalizers.length === 0) this.#drop(next)
    return good(next)
  }

  #insert(object: KubeObject, manager: string, appliers: readonly FieldManager[]): KubeObject {
    const { status, ...rest } = userFields(object)
    const wanted =
      hasStatus(object) && appliers.length > 0 ? rest : { ...rest, ...optional('status', status) }
    const applied = applyFields({ fields: {}, owners: new Map() }, wanted, manager, object.kind)
    this.#lastUid += 1
    const metadata = {
      ...(applied.fields.metadata as Fields),
      name: object.metadata.name,
      ...optional('namespace', object.metadata.namespace),
      ...optional('finalizers', object.metadata.finalizers),
      uid: `00000000-0000-4000-8000-${String(this.#lastUid).padStart(12, '0')}`,
      creationTimestamp: this.#timestamp(),
      generation: 1,
    }
    const created = { ...applied.fields, apiVersion: object.apiVersion, kind: object.kind, metadata }
    return this.#write({ object: created as KubeObject, owners: applied.owners })
  }

  // A write that changes nothing leaves the resource version alone and is told to nobody; a new spec raises the generation.
  #store(held: Stored, applied: Applied): KubeObject {
    const before = userFields(held.object)
    if (isEqual(before, applied.fields)) {
      this.#objects.set(keyOf(refOfObject(held.object)), { object: held.object, owners: applied.owners })
      return held.object
    }
    const grown = isEqual(withoutStatus(before), withoutStatus(applied.fields)) ? 0 : 1
    const { uid, creationTimestamp, deletionTimestamp, finalizers, generation = 1 } = held.object.metadata
    const metadata = {
      ...(applied.fields.metadata as KubeObject['metadata']),
      name: held.object.metadata.name,
      ...optional('namespace', held.object.metadata.namespace),
      ...optional('uid', uid),
      ...optional('creationTimestamp', creationTimestamp),
      ...optional('deletionTimestamp', deletionTimestamp),
      ...optional('finalizers', finalizers),
      generation: generation + grown,
    }
    const { apiVersion, kind } = held.object
    return this.#write({ object: { ...applied.fields, apiVersion, kind, metadata }, owners: applied.owners })
  }

  #write({ object, owners }: Stored): KubeObject {
    this.#lastVersion += 1
    const metadata = { ...object.metadata, resourceVersion: String(this.#lastVersion) }
    const stored = deepFreeze({ ...object, metadata })
    this.#objects.set(keyOf(refOfObject(stored)), { object: stored, owners })
    this.#feed.upsert(refOfObject(stored).kind, stored)
    return stored
  }

  #delete(held: Stored): void {
    const { finalizers = [], deletionTimestamp } = held.object.metadata
    if (finalizers.length === 0) {
      this.#lastVersion += 1
      this.#drop(held.object)
    } else if (deletionTimestamp === undefined) {
      const metadata = { ...held.object.metadata, deletionTimestamp: this.#timestamp() }
      this.#write({ object: { ...held.object, metadata }, owners: held.owners })
    }
  }

  #drop(object: KubeObject): void {
    const ref = refOfObject(object)
    this.#objects.delete(keyOf(ref))
    this.#feed.remove(ref.kind, object)
  }

  #listOf(kind: KindName): readonly KubeObject[] {
    return [...this.#objects.values()].map(({ object }) => object).filter((object) => object.kind === kind)
  }

  #timestamp(): string {
    return new Date(this.#clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
  }

  // What no test may ever see Roundsman do (kube: acceptance 22). A throw here is a defect of the code under test.
  #refuseWhatMustNeverBe(object: KubeObject): void {
    for (const reference of object.metadata.ownerReferences ?? []) {
      const owner = [...this.#objects.values()].find((held) => held.object.metadata.uid === reference.uid)
      if (owner?.object.metadata.namespace !== object.metadata.namespace) {
        throw new Error(`the owner of ${object.kind} ${object.metadata.name} is not in its namespace`)
      }
    }
    const keys = Object.keys({ ...object.metadata.labels, ...object.metadata.annotations })
    const forbidden = keys.find((key) => gitOpsKeys.test(key))
    if (forbidden !== undefined) throw new Error(`a child must not carry the key ${forbidden}`)
  }
}

const gitOpsKeys =
  /^(argocd\.argoproj\.io\/|kustomize\.toolkit\.fluxcd\.io\/|helm\.toolkit\.fluxcd\.io\/|meta\.helm\.sh\/|app\.kubernetes\.io\/instance$|kubectl\.kubernetes\.io\/last-applied)/

const kindsWithStatus: ReadonlySet<string> = new Set(['InspectionTarget', 'AlertPolicy', 'Silence'])

function hasStatus(object: KubeObject): boolean {
  return kindsWithStatus.has(object.kind)
}

// What managers own and users write: all but what the server itself sets. Finalizers have a call of their own.
function userFields(object: KubeObject): Fields {
  const { apiVersion: _, kind: __, metadata, ...rest } = object
  const { labels, annotations, ownerReferences } = metadata
  const written = {
    ...optional('labels', labels),
    ...optional('annotations', annotations),
    ...optional('ownerReferences', ownerReferences),
  }
  return Object.keys(written).length === 0 ? rest : { metadata: written, ...rest }
}

function withoutStatus(fields: Fields): Fields {
  const { status: _, metadata: __, ...rest } = fields
  return rest
}

function optional(name: string, value: unknown): Fields {
  return value === undefined ? {} : { [name]: value }
}

function isEqual(left: unknown, right: unknown): boolean {
  return canonical(left) === canonical(right)
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, nested: unknown) =>
    typeof nested === 'object' && nested !== null && !Array.isArray(nested)
      ? Object.fromEntries(Object.entries(nested).sort(([left], [right]) => (left < right ? -1 : 1)))
      : nested,
  )
}

function moved(name: string): Answer<never> {
  return bad({ kind: 'conflict', message: `${name} has changed or was made anew` })
}

function good<Value>(value: Value): Answer<Value> {
  return { ok: true, value }
}

function bad(failure: ApiFailure): Answer<never> {
  return { ok: false, failure }
}

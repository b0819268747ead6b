// The writes of section 4 of the Kubernetes contract: server-side apply, preconditions on every one, and never a decision by text.
import type { Answer, ApiFailure, ClusterSink } from '../control/ports.ts'
import { apiVersionOf } from '../domain/kinds.ts'
import { type KubeObject, type Ref, refOfObject } from '../domain/kube-object.ts'
import type { FieldManager, PlannedEvent } from '../reconcile/plan.ts'
import type { Question } from './failure.ts'
import { objectPath, resourceName } from './paths.ts'
import type { Call, Transport } from './transport.ts'
import type { WriteCost, WriteLimits } from './write-limits.ts'

export type KubeSinkOptions = {
  readonly transport: Transport
  readonly limits: WriteLimits
  readonly emit: (event: PlannedEvent) => void
  /** The present term of leading, if there is one: a write ends with the term that it began in, waiting or under way (kube:L7). */
  readonly term?: () => AbortSignal | undefined
}

type FinalizerChange = { readonly finalizer: string; readonly present: boolean }
type Precondition = { readonly uid: string; readonly resourceVersion: string }

const finalizerTriesMax = 4

export class KubeSink implements ClusterSink {
  readonly #transport: Transport
  readonly #limits: WriteLimits
  readonly #emit: (event: PlannedEvent) => void
  readonly #term: () => AbortSignal | undefined
  readonly #statusesSeen = new RecentlySeen(50_000)

  constructor({ transport, limits, emit, term = () => undefined }: KubeSinkOptions) {
    this.#transport = transport
    this.#limits = limits
    this.#emit = emit
    this.#term = term
  }

  async get(ref: Ref): Promise<Answer<KubeObject | undefined>> {
    const call: Call = { question: questionOf(ref, 'get'), method: 'GET', path: objectPath(ref) }
    const answer = await this.#transport.send(call)
    if (answer.ok) return { ok: true, value: withoutBallast(ref, answer.value) }
    return answer.failure.kind === 'notFound' ? nothing : failed(answer.failure)
  }

  async create(object: KubeObject, manager: FieldManager): Promise<Answer<KubeObject>> {
    // Version 1 exists nowhere: what is there answers 409, what is not there is made with one Apply entry. `force` would be no guard.
    const metadata = { ...object.metadata, resourceVersion: '1' }
    const query = { fieldManager: manager }
    const answer = await this.#apply({ ...object, metadata }, { ref: refOfObject(object), query })
    if (answer.ok || answer.failure.kind !== 'conflict') return answer
    return failed({ ...answer.failure, kind: 'alreadyExists' })
  }

  update(
    object: KubeObject,
    manager: FieldManager,
    { uid }: { readonly uid: string },
  ): Promise<Answer<KubeObject>> {
    const { resourceVersion: _, ...metadata } = object.metadata
    const query = { fieldManager: manager, force: 'true' }
    return this.#apply({ ...object, metadata: { ...metadata, uid } }, { ref: refOfObject(object), query })
  }

  updateStatus(
    ref: Ref,
    status: Readonly<Record<string, unknown>>,
    { manager, uid, resourceVersion }: { readonly manager: FieldManager } & Precondition,
  ): Promise<Answer<KubeObject>> {
    // The UID is not sent: the server takes a wrong one silently here. The version is what guards.
    const { name, namespace } = ref
    const metadata = { name, ...(namespace === '' ? {} : { namespace }), resourceVersion }
    const query = { fieldManager: manager, force: 'true' }
    const cost = this.#statusesSeen.add(`${manager} ${uid}`) ? 'first' : 'ordinary'
    const object = { ...kindOf(ref), metadata, status }
    return this.#apply(object, { ref, query, cost, subresource: 'status' })
  }

  async remove(ref: Ref, precondition: Precondition): Promise<Answer<undefined>> {
    const answer = await this.#write('ordinary', {
      question: questionOf(ref, 'delete'),
      method: 'DELETE',
      path: objectPath(ref),
      body: {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: 'Background',
        preconditions: precondition,
      },
    })
    if (answer.ok || answer.failure.kind === 'notFound') return nothing
    if (answer.failure.kind !== 'conflict') return failed(answer.failure)
    // Which of the two preconditions failed is said in the text only.
    const live = await this.get(ref)
    if (!live.ok) return live
    return live.value?.metadata.uid === precondition.uid ? failed(answer.failure) : nothing
  }

  /** JSON Patch whose tests name the very object and entry; what has moved since is read again and tried again. */
  async setFinalizer(object: KubeObject, change: FinalizerChange): Promise<Answer<KubeObject | undefined>> {
    const ref = refOfObject(object)
    const { uid = '' } = object.metadata
    let current: KubeObject | undefined = object
    for (let tries = 1; ; tries++) {
      const settled = settledFinalizer(current, uid, change)
      if (settled !== undefined) return settled
      const answer = await this.#write('ordinary', {
        question: questionOf(ref, 'patch'),
        method: 'PATCH',
        path: objectPath(ref),
        query: { fieldManager: 'roundsman/controller' },
        contentType: 'application/json-patch+json',
        body: finalizerPatch(current, uid, change),
      })
      if (answer.ok) return { ok: true, value: withoutBallast(ref, answer.value) }
      const { kind } = answer.failure
      // A failed test is told as Invalid, like any other patch that cannot be applied.
      const hasMoved = kind === 'invalid' || kind === 'conflict' || kind === 'notFound'
      if (!hasMoved || tries === finalizerTriesMax) return failed(answer.failure)
      const live = await this.get(ref)
      if (!live.ok) return live
      current = live.value
    }
  }

  emit(event: PlannedEvent): void {
    this.#emit(event)
  }

  async #apply(object: KubeObject, how: Apply): Promise<Answer<KubeObject>> {
    const { ref, query, cost = 'ordinary', subresource } = how
    const answer = await this.#write(cost, {
      question: questionOf(ref, 'patch', subresource),
      method: 'PATCH',
      path: objectPath(ref, subresource),
      query,
      contentType: 'application/apply-patch+yaml', // JSON is YAML.
      body: object,
    })
    return answer.ok ? { ok: true, value: withoutBallast(ref, answer.value) } : failed(answer.failure)
  }

  async #write(cost: WriteCost, call: Call): Promise<Awaited<ReturnType<Transport['send']>>> {
    const signal = this.#term()
    const bound = signal === undefined ? call : { ...call, signal }
    const answer = await this.#limits.run(cost, () => this.#transport.send(bound))
    if (answer !== undefined) return answer
    const { verb, resource } = call.question
    const message = `${verb} ${resource} was not sent: more writes wait than may be sent`
    return { ok: false, failure: { kind: 'unavailable', trouble: 'overloaded', message } }
  }
}

type Apply = {
  readonly ref: Ref
  readonly query: Readonly<Record<string, string>>
  readonly cost?: WriteCost
  readonly subresource?: 'status'
}

const nothing = { ok: true, value: undefined } as const

/** What there is nothing to send for; undefined when a patch is needed. */
function settledFinalizer(
  current: KubeObject | undefined,
  uid: string,
  { finalizer, present }: FinalizerChange,
): Answer<KubeObject | undefined> | undefined {
  if (current === undefined || current.metadata.uid !== uid) {
    return present ? failed({ kind: 'conflict', message: 'the object is gone or was made anew' }) : nothing
  }
  const { finalizers = [], deletionTimestamp } = current.metadata
  if (finalizers.includes(finalizer) === present) return { ok: true, value: current }
  if (!present || deletionTimestamp === undefined) return undefined
  return failed({ kind: 'invalid', message: 'the object is being deleted and takes no new finalizer' })
}

function finalizerPatch(
  current: KubeObject | undefined,
  uid: string,
  { finalizer, present }: FinalizerChange,
): readonly object[] {
  const { finalizers, resourceVersion } = current?.metadata ?? {}
  const isSame = { op: 'test', path: '/metadata/uid', value: uid }
  if (!present) {
    const path = `/metadata/finalizers/${finalizers?.indexOf(finalizer)}`
    return [isSame, { op: 'test', path, value: finalizer }, { op: 'remove', path }]
  }
  // The list is made when there is none, which must not undo another's that came in between.
  const isUnchanged = { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion }
  const add = finalizers?.length
    ? { op: 'add', path: '/metadata/finalizers/-', value: finalizer }
    : { op: 'add', path: '/metadata/finalizers', value: [finalizer] }
  return [isSame, isUnchanged, add]
}

function questionOf({ kind, namespace, name }: Ref, verb: string, subresource?: string): Question {
  const resource = resourceName(kind)
  const [plural = '', ...group] = resource.split('.')
  const named = subresource === undefined ? resource : [`${plural}/${subresource}`, ...group].join('.')
  return { verb, resource: named, namespace, name }
}

function kindOf(ref: Ref): Pick<KubeObject, 'apiVersion' | 'kind'> {
  return { apiVersion: apiVersionOf(ref.kind), kind: ref.kind }
}

// Whole, unlike the cache: who reads live may look at everything.
function withoutBallast(ref: Ref, answer: unknown): KubeObject {
  const object = answer as KubeObject
  const { managedFields: _, ...metadata } = object.metadata as KubeObject['metadata'] & {
    managedFields?: unknown
  }
  return { ...object, ...kindOf(ref), metadata }
}

// What the port says of a failure, without what is known below it.
function failed({ kind, message, retryAfterMs }: ApiFailure): {
  readonly ok: false
  readonly failure: ApiFailure
} {
  return { ok: false, failure: { kind, message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) } }
}

/** Remembers the last `max` names; `add` answers whether the name is new. Forgetting one costs half a write's worth of pace. */
class RecentlySeen {
  readonly #max: number
  readonly #names = new Set<string>()

  constructor(max: number) {
    this.#max = max
  }

  add(name: string): boolean {
    if (this.#names.has(name)) return false
    this.#names.add(name)
    const [oldest] = this.#names
    if (this.#names.size > this.#max && oldest !== undefined) this.#names.delete(oldest)
    return true
  }
}

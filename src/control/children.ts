// Makes an owner's children what its Plan desires: applies what differs, then prunes what is no longer wanted. Ours means a controller
// owner reference with the owner's UID; anything else of that name is left alone and told (kube:A3, A4, A5, A7).
import type { KindName } from '../domain/kinds.ts'
import { type KubeObject, keyOf, refOfObject } from '../domain/kube-object.ts'
import type { ObjectReader, Trouble } from '../reconcile/ports.ts'
import { holdsAll } from './holds.ts'
import type { ApiFailure, ClusterSink, Leadership } from './ports.ts'
import { controllerUid, type Store } from './store.ts'

type Means = {
  readonly sink: ClusterSink
  readonly store: Store
  readonly leadership: Pick<Leadership, 'isLeader'>
}
type Outcome = { readonly ok: true } | { readonly ok: false; readonly trouble: Omit<Trouble, 'times'> }
const done: Outcome = { ok: true }

/**
 * Applies `desired` in the given order (what is referred to first), each sibling on its own; then deletes the owner's other children,
 * but only when all of `desired` is in place. Answers the first trouble; conflicts and faults of the network are `transient`. Who leads
 * no more writes nothing more, which is no trouble (kube:L5).
 */
export async function applyChildren(
  owner: KubeObject,
  desired: readonly KubeObject[],
  means: Means,
): Promise<Outcome> {
  let first = done
  for (const object of desired) {
    const outcome = await applyChild(owner, object, means)
    if (!outcome.ok && first.ok) first = outcome
  }
  return first.ok ? prune(owner, desired, means) : first
}

async function applyChild(owner: KubeObject, desired: KubeObject, means: Means): Promise<Outcome> {
  const { store, leadership } = means
  const cached = store.get(refOfObject(desired))
  if (cached === undefined) return leadership.isLeader() ? createChild(owner, desired, means) : done
  if (!isOwnedBy(cached, owner)) return taken(desired)
  if (holdsAll(cached, desired)) return done
  return updateChild(desired, cached, means)
}

async function createChild(owner: KubeObject, desired: KubeObject, means: Means): Promise<Outcome> {
  const { sink, store } = means
  const created = await sink.create(desired, 'roundsman/controller')
  if (created.ok) return stored(created.value, store)
  if (created.failure.kind !== 'alreadyExists') return failed(desired, created.failure)
  const live = await sink.get(refOfObject(desired))
  if (!live.ok) return failed(desired, live.failure)
  if (live.value === undefined)
    return failed(desired, { kind: 'conflict', message: 'it was deleted meanwhile' })
  if (!isOwnedBy(live.value, owner)) return taken(desired)
  return updateChild(desired, live.value, means)
}

async function updateChild(
  desired: KubeObject,
  live: KubeObject,
  { sink, store, leadership }: Means,
): Promise<Outcome> {
  if (!leadership.isLeader()) return done
  const updated = await sink.update(desired, 'roundsman/controller', { uid: live.metadata.uid ?? '' })
  return updated.ok ? stored(updated.value, store) : failed(desired, updated.failure)
}

/** Deletes what is ours and not desired. Absence from a list proves nothing, so each is confirmed by a live read first. */
async function prune(
  owner: KubeObject,
  desired: readonly KubeObject[],
  { sink, store, leadership }: Means,
): Promise<Outcome> {
  const wanted = new Set(desired.map((object) => keyOf(refOfObject(object))))
  for (const child of store.ownedBy(owner.metadata.uid ?? '')) {
    const ref = refOfObject(child)
    if (wanted.has(keyOf(ref)) || !isSynced(store, ref.kind)) continue
    const live = await sink.get(ref)
    if (!live.ok) return failed(child, live.failure)
    if (live.value === undefined || !isOwnedBy(live.value, owner)) continue
    if (!leadership.isLeader()) return done
    const { uid = '', resourceVersion = '' } = live.value.metadata
    const removed = await sink.remove(ref, { uid, resourceVersion })
    if (!removed.ok) return failed(child, removed.failure)
    store.remove(ref.kind, live.value)
  }
  return done
}

function isSynced(objects: ObjectReader, kind: KindName): boolean {
  return objects.availability(kind).state === 'synced'
}

function isOwnedBy(child: KubeObject, owner: KubeObject): boolean {
  return controllerUid(child) === owner.metadata.uid
}

function stored(object: KubeObject, store: Store): Outcome {
  store.upsert(refOfObject(object).kind, object)
  return done
}

function taken(object: KubeObject): Outcome {
  const message = `${object.kind} ${object.metadata.name} exists and is not ours; rename the policy, or delete that object`
  return { ok: false, trouble: { kind: 'stalled', reason: 'NameTaken', message } }
}

function failed(object: KubeObject, failure: ApiFailure): Outcome {
  const message = `${object.kind} ${object.metadata.name}: ${failure.message}`
  return { ok: false, trouble: { ...troubleOf(failure), message } }
}

/** What happens next after a failed write, by the class of the answer (kube:C7, Q12). */
export function troubleOf(failure: ApiFailure): Pick<Trouble, 'kind' | 'reason'> {
  switch (failure.kind) {
    case 'invalid':
      return { kind: 'stalled', reason: 'Refused' }
    case 'forbidden':
      return { kind: 'waiting', reason: 'Forbidden' }
    case 'terminating':
      return { kind: 'waiting', reason: 'NamespaceTerminating' }
    case 'notServed':
      return { kind: 'waiting', reason: 'KindNotServed' }
    case 'conflict':
    case 'alreadyExists':
    case 'notFound':
    case 'unavailable':
      return { kind: 'transient', reason: 'Unavailable' }
    default:
      return failure.kind satisfies never
  }
}

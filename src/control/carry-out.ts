// Carries out one Plan, in the order that a crash between any two steps leaves nothing ownerless: finalizer, children, outside, status,
// events, finalizer again. Knows no kind; decides nothing.
import { type KubeObject, refOfObject, revisionOf } from '../domain/kube-object.ts'
import type { JudgeChange, OutsideAction, Plan, ProbeChange } from '../reconcile/plan.ts'
import type { Trouble } from '../reconcile/ports.ts'
import { applyChildren, troubleOf } from './children.ts'
import type {
  ApiFailure,
  ClusterSink,
  JudgeTable,
  Leadership,
  OutsideSink,
  ProbePlane,
  Shard,
} from './ports.ts'
import type { StatusWriter } from './status-writer.ts'
import type { Store } from './store.ts'

export const silenceFinalizer = 'roundsman.dev/silences'

export type Means = {
  readonly shard: Shard
  readonly store: Store
  readonly sink: ClusterSink
  readonly outside: OutsideSink
  readonly plane: ProbePlane
  readonly judge: JudgeTable
  readonly statusWriter: StatusWriter
  readonly leadership: Pick<Leadership, 'isLeader'>
}

/** How the step ended: what the loop shall do with the key. */
export type Step =
  | { readonly kind: 'done' }
  | { readonly kind: 'trouble'; readonly trouble: Omit<Trouble, 'times'> } // Decide again with it in view.
  | { readonly kind: 'again'; readonly ms: number } // Look again then, at the latest.
  | { readonly kind: 'conflict' } // What was seen is stale: decide again soon.

/** An end that was refused for good is asked for again this often: somebody may have mended the Alertmanager. */
const refusedEndMs = 300_000

const done: Step = { kind: 'done' }

/** What every replica does: the probe table and the judge live in this process. Needs no leadership, cannot fail. */
export function carryOutLocally({ probe, judge }: Plan, means: Means): void {
  const isElsewhere = probe.kind === 'set' && !means.shard.owns(probe.entry.uid)
  changeProbe(isElsewhere ? { kind: 'remove', uid: probe.entry.uid } : probe, means.plane)
  changeJudge(judge, means.judge)
}

/** Children and outside state: what can meet trouble that the status must then tell. Leader only. */
export async function carryOutEffects(object: KubeObject, plan: Plan, means: Means): Promise<Step> {
  const finalizer = plan.finalizer === 'add' ? await setFinalizer(object, true, means) : done
  if (finalizer.kind !== 'done') return finalizer
  if (plan.desired.kind === 'exactly' && means.leadership.isLeader()) {
    const outcome = await applyChildren(object, plan.desired.objects, means)
    if (!outcome.ok) return { kind: 'trouble', trouble: outcome.trouble }
  }
  // One Alertmanager that refuses keeps nothing from the others.
  const dueMs: number[] = []
  for (const action of plan.outside) {
    const againMs = await actOutside(object, action, means)
    if (againMs !== undefined) dueMs.push(againMs)
  }
  return dueMs.length === 0 ? done : { kind: 'again', ms: Math.min(...dueMs) }
}

/** Each status with the events that tell its transitions, then the finalizer's removal. Leader only. */
export async function carryOutStatus(object: KubeObject, plan: Plan, means: Means): Promise<Step> {
  let deferredMs: number | undefined
  let written = false
  for (const write of plan.status) {
    if (!means.leadership.isLeader()) return done
    const result = await means.statusWriter.write(object, write)
    if (result.kind === 'failed') return stepOf(result.failure)
    if (result.kind === 'deferred') deferredMs = Math.min(result.ms, deferredMs ?? Number.POSITIVE_INFINITY)
    if (result.kind !== 'written') continue
    written = true
    for (const event of write.events ?? []) means.sink.emit(event)
  }
  // An event tells the transition that was just written; when it was no news it was told before, or will be told later.
  const isTold = written || (plan.status.length === 0 && means.leadership.isLeader())
  if (isTold) for (const event of plan.events) means.sink.emit(event)
  if (plan.finalizer === 'remove') return setFinalizer(object, false, means)
  return deferredMs === undefined ? done : { kind: 'again', ms: deferredMs }
}

async function setFinalizer(object: KubeObject, present: boolean, means: Means): Promise<Step> {
  if (!means.leadership.isLeader()) return { kind: 'conflict' }
  const held = means.store.get(refOfObject(object)) ?? object
  const answer = await means.sink.setFinalizer(held, { finalizer: silenceFinalizer, present })
  if (!answer.ok) return stepOf(answer.failure)
  const { kind } = refOfObject(object)
  if (answer.value !== undefined) means.store.upsert(kind, answer.value)
  return done
}

/** Answers in how many milliseconds the key must be looked at again, if it must. */
async function actOutside(
  object: KubeObject,
  action: OutsideAction,
  means: Means,
): Promise<number | undefined> {
  if (!means.leadership.isLeader()) return undefined
  const owner = revisionOf(object)
  const answer =
    action.kind === 'post-silence'
      ? await means.outside.postSilence(action.alertmanager, owner, action.silence)
      : await means.outside.expireSilence(action.alertmanager, action.silenceID)
  // Whatever it answered, the truth is what the next list says; that list queues the key again.
  means.outside.refresh(action.alertmanager)
  if (answer.ok) return undefined
  if (!answer.permanent) return 5_000
  // What was refused for good is not sent again, but told: the list does not differ for it, so nothing else asks for the key.
  return action.kind === 'post-silence' ? 0 : refusedEndMs
}

function stepOf(failure: ApiFailure): Step {
  if (failure.kind === 'conflict' || failure.kind === 'alreadyExists') return { kind: 'conflict' }
  if (failure.kind === 'notFound') return done
  return { kind: 'trouble', trouble: { ...troubleOf(failure), message: failure.message } }
}

function changeProbe(change: ProbeChange, plane: ProbePlane): void {
  if (change.kind === 'set') plane.set(change.entry)
  if (change.kind === 'remove') plane.remove(change.uid)
}

function changeJudge(change: JudgeChange, judge: JudgeTable): void {
  switch (change.kind) {
    case 'keep':
      break
    case 'set-policy':
      judge.setPolicy(change.policy)
      break
    case 'remove-policy':
      judge.removePolicy(change.uid)
      break
    case 'set-silence':
      judge.setSilence(change.silence)
      break
    case 'remove-silence':
      judge.removeSilence(change.uid)
      break
    default:
      change satisfies never
  }
}

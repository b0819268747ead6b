// The one loop for all kinds: key -> observe -> decide -> carry out -> status -> events -> look again (kube:Q8). Written once; a kind
// gives two functions. Level-triggered: a missed event costs time, never correctness.
import type { Clock } from '../domain/clock.ts'
import type { OwnKind } from '../domain/kinds.ts'
import { type KubeObject, keyOf, type ObjectKey, refOf } from '../domain/kube-object.ts'
import type { Log } from '../domain/log.ts'
import type { Plan } from '../reconcile/plan.ts'
import type { Sources, Trouble } from '../reconcile/ports.ts'
import type { Reconciler } from '../reconcile/reconciler.ts'
import { carryOutEffects, carryOutLocally, carryOutStatus, type Means, type Step } from './carry-out.ts'
import type { Ledger } from './ledger.ts'
import type { WorkQueue } from './queue.ts'

export type LoopObserver = {
  /** One handling of one key, as controller-runtime's metrics name its results; `panic` is a throw, a defect of ours. */
  reconciled(
    kind: OwnKind,
    result: 'success' | 'error' | 'requeue' | 'requeue_after' | 'stalled' | 'panic' | 'timeout',
    seconds: number,
  ): void
  working(kind: OwnKind, handlers: 1 | -1): void
}

export type LoopParts = {
  readonly reconcilers: Readonly<Record<OwnKind, Reconciler>>
  readonly sources: Sources
  readonly means: Means
  readonly queue: WorkQueue
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  readonly observer: LoopObserver
  /** A number in [0, 1) for the jitter of a back-off. */
  readonly random: () => number
}

/** A whole handling, all calls together (kube:Q8). */
const handlingDeadlineMs = 60_000
/** What must be mended by a person is looked at again this often, in case it was mended outside what is watched (kube:Q12). */
const stalledRecheckMs = 300_000
const waitingRecheckMs = 60_000

/** Starts `workers` handlers that run until the queue is shut down; resolves when the last of them has ended. */
export async function runLoop(parts: LoopParts, workers: number): Promise<void> {
  await Promise.all(Array.from({ length: workers }, () => runWorker(parts)))
}

async function runWorker(parts: LoopParts): Promise<void> {
  for (;;) {
    const key = await parts.queue.take()
    if (key === undefined) return
    try {
      await handleMeasured(key, parts)
    } finally {
      parts.queue.done(key)
    }
  }
}

async function handleMeasured(key: ObjectKey, parts: LoopParts): Promise<void> {
  const kind = refOf(key).kind as OwnKind
  const startedMs = parts.clock.monotonicMs()
  parts.observer.working(kind, 1)
  let result: Parameters<LoopObserver['reconciled']>[1]
  try {
    result = await handleInTime(key, parts)
  } catch (error) {
    // Expected trouble is a value, so this is a defect of ours: told once with its key, counted, backed off; the process lives.
    parts.log.error('reconciling threw: this is a bug of Roundsman', { key, error })
    parts.queue.retry(key, parts.random())
    result = 'panic'
  }
  parts.observer.working(kind, -1)
  parts.observer.reconciled(kind, result, (parts.clock.monotonicMs() - startedMs) / 1000)
}

type Result = 'success' | 'error' | 'requeue' | 'requeue_after' | 'stalled' | 'timeout'

async function handle(key: ObjectKey, parts: LoopParts): Promise<Result> {
  const { reconcilers, sources, means, ledger, clock } = parts
  const reconciler = reconcilers[refOf(key).kind as OwnKind]
  const world = reconciler.observe(refOf(key), sources)
  if (world === undefined) return release(key, ledger.forget(key), parts)
  const former = ledger.handle(key, uidOf(world.object))
  if (former !== undefined) release(key, former, parts)

  const plan = reconciler.decide(world, clock.now())
  carryOutLocally(plan, means)
  if (!means.leadership.isLeader()) return 'success'
  const effects = await carryOutEffects(world.object, plan, means)
  if (effects.kind === 'trouble') return handleTrouble(key, effects.trouble, parts)
  if (effects.kind === 'conflict') return backOff(key, parts, 'requeue')
  return ledger.wentWell(uidOf(world.object))
    ? finishAnew(key, effects, parts)
    : finish(key, world.object, plan, effects, parts)
}

/** The plan was decided with a trouble in view that is over now: its status would tell it for ever. */
function finishAnew(key: ObjectKey, effects: Step, parts: LoopParts): Promise<Result> | Result {
  const { reconcilers, sources, ledger, clock } = parts
  const reconciler = reconcilers[refOf(key).kind as OwnKind]
  const world = reconciler.observe(refOf(key), sources)
  if (world === undefined) return release(key, ledger.forget(key), parts)
  return finish(key, world.object, reconciler.decide(world, clock.now()), effects, parts)
}

/** Decides once more with the trouble in view, so that the status can tell it; what met trouble is not tried again at once. */
function handleTrouble(
  key: ObjectKey,
  trouble: Omit<Trouble, 'times'>,
  parts: LoopParts,
): Promise<Result> | Result {
  const { reconcilers, sources, ledger, clock, log } = parts
  const reconciler = reconcilers[refOf(key).kind as OwnKind]
  const world = reconciler.observe(refOf(key), sources)
  if (world === undefined) return release(key, ledger.forget(key), parts)
  ledger.meet(uidOf(world.object), trouble)
  log.warn('a plan could not be carried out', { key, reason: trouble.reason, detail: trouble.message })
  const told = reconciler.observe(refOf(key), sources) ?? world
  return finish(key, told.object, reconciler.decide(told, clock.now()), trouble, parts)
}

async function finish(
  key: ObjectKey,
  object: KubeObject,
  plan: Plan,
  effects: Step | Omit<Trouble, 'times'>,
  parts: LoopParts,
): Promise<Result> {
  const status = await carryOutStatus(object, plan, parts.means)
  if (status.kind === 'conflict') return backOff(key, parts, 'requeue')
  if (status.kind === 'trouble') {
    const { reason, message } = status.trouble
    parts.log.warn('a status could not be written', { key, reason, detail: message })
    return retryTrouble(key, status.trouble, parts)
  }
  const dueMs = [effects, status].flatMap((step) => (step.kind === 'again' ? [step.ms] : []))
  if (plan.next.kind === 'after') dueMs.push(plan.next.ms)
  if (effects.kind === 'stalled' || effects.kind === 'waiting' || effects.kind === 'transient') {
    if (dueMs.length > 0) parts.queue.addAfter(key, Math.min(...dueMs))
    return retryTrouble(key, effects, parts)
  }
  parts.queue.forget(key)
  if (dueMs.length === 0) return 'success'
  parts.queue.addAfter(key, Math.min(...dueMs))
  return 'requeue_after'
}

function retryTrouble(key: ObjectKey, trouble: Omit<Trouble, 'times'>, parts: LoopParts): Result {
  if (trouble.kind === 'transient') return backOff(key, parts, 'error')
  parts.queue.addAfter(key, trouble.kind === 'stalled' ? stalledRecheckMs : waitingRecheckMs)
  return trouble.kind === 'stalled' ? 'stalled' : 'requeue_after'
}

function backOff(key: ObjectKey, parts: LoopParts, result: 'requeue' | 'error'): Result {
  parts.queue.retry(key, parts.random())
  return result
}

/** Ends what this process held for an object that is gone; its children go by their owner references. */
function release(key: ObjectKey, uid: string | undefined, { means, queue }: LoopParts): Result {
  queue.forget(key)
  if (uid === undefined) return 'success'
  means.plane.remove(uid)
  means.judge.removePolicy(uid)
  means.judge.removeSilence(uid)
  means.statusWriter.forget(uid)
  return 'success'
}

/**
 * A handling over its deadline is given up and tried later. Its calls have deadlines of their own and end soon after; what it then
 * goes on to do must write nothing, because the key may be in other hands by then (kube:Q2).
 */
function handleInTime(key: ObjectKey, parts: LoopParts): Promise<Result> {
  let isGivenUp = false
  const { leadership } = parts.means
  const whileInTime = { isLeader: () => !isGivenUp && leadership.isLeader() }
  const handling = handle(key, { ...parts, means: { ...parts.means, leadership: whileInTime } })
  return new Promise((resolve, reject) => {
    const cancel = parts.clock.after(handlingDeadlineMs, () => {
      isGivenUp = true
      parts.log.error('reconciling took over a minute and was given up', { key })
      backOff(key, parts, 'error')
      resolve('timeout')
    })
    handling.then(resolve, reject).finally(cancel)
  })
}

function uidOf(object: KubeObject): string {
  return (
    object.metadata.uid ?? keyOf({ kind: object.kind as OwnKind, namespace: '', name: object.metadata.name })
  )
}

// What shall be muted for one Silence, and where: in every known Alertmanager, and in the local judge when Roundsman delivers by itself.
// The finalizer stands before the first outside write and goes after the last outside delete, but never holds a deletion for ever.
import { type Parsed, parseSilence } from '../api/v1alpha1/parse.ts'
import type { SilenceSpec } from '../api/v1alpha1/silence.ts'
import type { Instant } from '../domain/clock.ts'
import { type KubeObject, type Ref, revisionOf } from '../domain/kube-object.ts'
import { silenceMatchers } from '../domain/matchers.ts'
import type { RemoteMatcher } from '../domain/remote-silence.ts'
import { type DesiredSilence, type SilenceStep, silenceStep } from '../domain/silence-machine.ts'
import { onlyOccurrence } from '../domain/silence-marker.ts'
import {
  nextWindowChange,
  type SilenceWindow,
  silenceWindow,
  type WindowState,
  windowState,
} from '../domain/silence-window.ts'
import { type SpecFinding, silenceFindings } from '../domain/spec-checks.ts'
import { conditions, notReady, type WantedCondition, wholeSeconds } from './conditions.ts'
import { type Plan, type PlannedEvent, type Problem, planOf } from './plan.ts'
import type { AlertmanagerView, Installation, Sources, Trouble } from './ports.ts'
import { invalidSpec, troubleConditions } from './problems.ts'
import type { Reconciler } from './reconciler.ts'
import { transitionEvents } from './transition-events.ts'

const finalizer = 'roundsman.dev/silences'
/** A deletion is released this long after it began, though the outside does not answer (kube:F3). */
const deletionBoundMs = 45_000
const deletionRecheckMs = 5_000
/** Timers of many days are re-armed hourly, so that a stepped wall clock is noticed. */
const longestWaitMs = 3_600_000

type Refusal = { readonly message: string; readonly permanent: boolean }

export type SilenceWorld = {
  readonly object: KubeObject
  readonly parsed: Parsed<SilenceSpec>
  readonly findings: readonly SpecFinding[]
  readonly matchers: readonly RemoteMatcher[] // Canonical; empty when the spec is not understood.
  readonly alertmanagers: readonly (AlertmanagerView & { readonly refusal: Refusal | undefined })[]
  readonly installation: Installation
  readonly trouble: Trouble | undefined
}

export const silence: Reconciler<SilenceWorld> = { kind: 'Silence', observe, decide }

function observe(
  ref: Ref,
  { objects, alertmanagers, carriedOut, installation }: Sources,
): SilenceWorld | undefined {
  const object = objects.get(ref)
  if (object === undefined) return undefined
  const parsed = parseSilence(object.spec)
  const findings = parsed.ok ? silenceFindings(parsed.spec) : []
  const candidates = objects
    .list('InspectionTarget', ref.namespace)
    .map(({ metadata: { name, labels = {} } }) => ({ name, labels }))
  return {
    object,
    parsed,
    findings,
    matchers:
      parsed.ok && findings.length === 0 ? silenceMatchers(parsed.spec, ref.namespace, candidates) : [],
    alertmanagers: alertmanagers
      .alertmanagers()
      .map((view) => ({ ...view, refusal: alertmanagers.refusal(view.name, revisionOf(object)) })),
    installation,
    trouble: carriedOut.trouble(object.metadata.uid ?? ''),
  }
}

function decide(world: SilenceWorld, now: Instant): Plan {
  const { object, parsed, findings } = world
  if (object.metadata.deletionTimestamp !== undefined) return decideDeleted(world, now)
  if (!parsed.ok || findings.length > 0) {
    return planOf(told(world, notReady(invalidSpec(parsed.ok ? findings : parsed.problems)), {}, now))
  }
  const window = silenceWindow(parsed.spec, createdAt(object, now))
  const state = windowState(window, now)
  const steps = stepsOf(world, desiredOf(world, parsed.spec, { window, isDeleted: false }), now)
  const isDone = state === 'Expired' && steps.every(({ outcome }) => outcome === 'inPlace')
  const status = {
    state,
    window: { startsAt: wholeSeconds(window.startsAt), endsAt: wholeSeconds(window.endsAt) },
    alertmanagers: steps.map((step) => step.status),
  }
  const wanted = [...readiness(world, steps, state), activity(world, steps, { state, window })]
  return planOf({
    outside: actionsOf(world, steps),
    judge: judgeChange(world, window, state),
    finalizer: finalizerChange(object, {
      isNeeded: world.alertmanagers.length > 0 && !isDone,
      mayGo: isDone,
    }),
    ...(isFirstAnswerAwaited(world) ? {} : told(world, wanted, status, now)),
    next: nextLook(window, now),
  })
}

/**
 * A new leader has heard of no Alertmanager yet, and will have within seconds, be it that one does not answer. What another leader told
 * of this spec stands until then: that a silence is not in force would be news, and false.
 */
function isFirstAnswerAwaited({ object, alertmanagers, trouble }: SilenceWorld): boolean {
  const { observedGeneration } = (object.status ?? {}) as { observedGeneration?: number }
  const isTold = observedGeneration === object.metadata.generation
  return (
    isTold &&
    trouble === undefined &&
    alertmanagers.some(({ silences, problem }) => silences === undefined && problem === undefined)
  )
}

/** Ends what was made outside; released when that is confirmed, or when the bound is reached. */
function decideDeleted(world: SilenceWorld, now: Instant): Plan {
  const { object, parsed } = world
  const judge = { kind: 'remove-silence', uid: object.metadata.uid ?? '' } as const
  if (!holdsFinalizer(object)) return planOf({ judge })
  const window = { startsAt: now, endsAt: now }
  const spec = parsed.ok ? parsed.spec : undefined
  if (world.alertmanagers.length === 0)
    return planOf({ judge, finalizer: 'remove', events: [unknownByNow(object)] })
  const steps = stepsOf(world, desiredOf(world, spec, { window, isDeleted: true }), now)
  if (steps.every(({ outcome }) => outcome === 'inPlace')) return planOf({ judge, finalizer: 'remove' })
  const leftMs = Date.parse(object.metadata.deletionTimestamp ?? '') + deletionBoundMs - now
  if (leftMs <= 0) return planOf({ judge, finalizer: 'remove', events: [leftBehind(world, steps)] })
  return planOf({
    judge,
    outside: actionsOf(world, steps),
    next: { kind: 'after', ms: Math.min(leftMs, deletionRecheckMs) },
  })
}

type Timing = { readonly window: SilenceWindow; readonly isDeleted: boolean }

function desiredOf(
  { object, matchers, installation }: SilenceWorld,
  spec: SilenceSpec | undefined,
  { window, isDeleted }: Timing,
): DesiredSilence {
  const { uid = '', namespace = '', name, generation = 0 } = object.metadata
  const author = spec?.author === undefined ? '' : ` (${spec.author})`
  return {
    marker: { clusterId: installation.clusterId, uid, occurrence: onlyOccurrence },
    revision: String(generation),
    matchers,
    window,
    comment: `${spec?.comment ?? ''}${author}, Silence ${namespace}/${name}`,
    isDeleted,
  }
}

function stepsOf(
  { alertmanagers }: SilenceWorld,
  desired: DesiredSilence,
  now: Instant,
): readonly SilenceStep[] {
  return alertmanagers.map((view) => silenceStep(desired, view, now))
}

/** What was refused for good is not sent again until the spec changes. */
function actionsOf({ alertmanagers }: SilenceWorld, steps: readonly SilenceStep[]): Plan['outside'] {
  return steps.flatMap((step, index) =>
    alertmanagers[index]?.refusal?.permanent === true ? [] : step.actions,
  )
}

function judgeChange(
  { object, matchers, installation }: SilenceWorld,
  window: SilenceWindow,
  state: WindowState,
): Plan['judge'] {
  const { uid = '', namespace = '', name } = object.metadata
  if (installation.delivery !== 'Direct' || state === 'Expired') return { kind: 'remove-silence', uid }
  return { kind: 'set-silence', silence: { uid, namespace, name, matchers, ...window } }
}

function readiness(
  world: SilenceWorld,
  steps: readonly SilenceStep[],
  state: WindowState,
): readonly WantedCondition[] {
  const { alertmanagers, installation } = world
  const refused = alertmanagers.find(({ refusal }) => refusal !== undefined)
  if (refused?.refusal !== undefined) {
    const message = `Alertmanager ${refused.name}: ${refused.refusal.message}`
    return notReady({
      kind: refused.refusal.permanent ? 'stalled' : 'waiting',
      reason: 'AlertmanagerRefused',
      message,
    })
  }
  const silent = alertmanagers.find(({ problem }) => problem !== undefined)
  if (silent?.problem !== undefined && state !== 'Expired')
    return unknownUntilAnswered(silent.name, silent.problem)
  if (alertmanagers.length === 0 && installation.delivery === 'Prometheus') return notReady(noAlertmanager)
  const endedByHand = steps.find(({ outcome }) => outcome === 'endedByHand')
  return [
    {
      type: 'Ready',
      status: 'True',
      reason: 'Accepted',
      message: endedByHand?.status.problem ?? sentences[state],
    },
  ]
}

const noAlertmanager: Problem = {
  kind: 'waiting',
  reason: 'NoAlertmanager',
  message:
    'no Alertmanager is known; create an Alertmanager resource or name one in the configuration of Roundsman',
}

const sentences: Readonly<Record<WindowState, string>> = {
  Pending: 'accepted; mutes when its window opens',
  Active: 'accepted; mutes until its window closes',
  Expired: 'accepted; its window is over',
}

function unknownUntilAnswered(
  name: string,
  { reason, message, since }: NonNullable<AlertmanagerView['problem']>,
): readonly WantedCondition[] {
  const told = `Alertmanager ${name}: ${message}, since ${wholeSeconds(since)}; it is caught up when it answers`
  return [
    { type: 'Ready', status: 'Unknown', reason, message: told },
    { type: 'Reconciling', status: 'True', reason, message: told },
  ]
}

/** Active says what is so, not what is wanted: in force in every Alertmanager, or in the local judge. */
function activity(
  { alertmanagers, installation }: SilenceWorld,
  steps: readonly SilenceStep[],
  { state, window }: { state: WindowState; window: SilenceWindow },
): WantedCondition {
  const until = wholeSeconds(window.endsAt)
  if (state !== 'Active') {
    const message =
      state === 'Pending'
        ? `its window opens at ${wholeSeconds(window.startsAt)}`
        : `its window closed at ${until}`
    return { type: 'Active', status: 'False', reason: state, message }
  }
  const lacking = steps.find((step) => step.status.state !== 'active')
  if (lacking === undefined && (steps.length > 0 || installation.delivery === 'Direct')) {
    return { type: 'Active', status: 'True', reason: 'Active', message: `mutes until ${until}` }
  }
  const problem = alertmanagers.find(({ name }) => name === lacking?.status.name)?.problem
  const status = problem === undefined ? 'False' : 'Unknown'
  const detail = lacking?.status.problem
  const message = detail === undefined || detail === '' ? 'not in force in every Alertmanager yet' : detail
  return { type: 'Active', status, reason: problem?.reason ?? 'Pending', message }
}

function finalizerChange(
  object: KubeObject,
  { isNeeded, mayGo }: { isNeeded: boolean; mayGo: boolean },
): Plan['finalizer'] {
  const isHeld = holdsFinalizer(object)
  if (isNeeded && !isHeld) return 'add'
  return mayGo && isHeld ? 'remove' : 'keep'
}

function holdsFinalizer(object: KubeObject): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false
}

/** A second late rather than early: Alertmanager's clock need not be ours. */
function nextLook(window: SilenceWindow, now: Instant): Plan['next'] {
  const change = nextWindowChange(window, now)
  if (change === undefined) return { kind: 'await-change' }
  return { kind: 'after', ms: Math.min(change - now + 1_000, longestWaitMs) }
}

function leftBehind({ object }: SilenceWorld, steps: readonly SilenceStep[]): PlannedEvent {
  const names = steps.filter(({ outcome }) => outcome !== 'inPlace').map(({ status }) => status.name)
  return released(object, {
    reason: 'AlertmanagerUnreachable',
    note: `deleted although Alertmanager ${names.join(', ')} could not be asked to end the silence for 45s; it may go on muting there until its end`,
  })
}

/** It has a finalizer, so there was an Alertmanager once. */
function unknownByNow(object: KubeObject): PlannedEvent {
  return released(object, {
    reason: 'NoAlertmanager',
    note: 'deleted while no Alertmanager is known; where one still runs, it may go on muting until its end',
  })
}

function released(
  { metadata: { name, namespace = '', uid = '' } }: KubeObject,
  told: Pick<PlannedEvent, 'reason' | 'note'>,
): PlannedEvent {
  return {
    regarding: { kind: 'Silence', namespace, name, uid },
    type: 'Warning',
    action: 'Release',
    ...told,
  }
}

function createdAt(object: KubeObject, now: Instant): Instant {
  const at = Date.parse(object.metadata.creationTimestamp ?? '')
  return Number.isFinite(at) ? at : now
}

function told(
  { object, trouble }: SilenceWorld,
  decided: readonly WantedCondition[],
  fields: Readonly<Record<string, unknown>>,
  now: Instant,
): Pick<Plan, 'status' | 'events'> {
  const wanted = trouble === undefined ? decided : troubleConditions(object, trouble)
  if (wanted === undefined) return { status: [], events: [] }
  const observedGeneration = object.metadata.generation ?? 0
  const status = { observedGeneration, ...fields, conditions: conditions(object, wanted, now) }
  return {
    status: [{ manager: 'roundsman/controller', status }],
    events: transitionEvents(object, wanted, now),
  }
}

// One evaluation of one policy: every rule on every target, pure. What it finds is the life of each alert, not whom to tell.
import type { Instant } from '../domain/clock.ts'
import type { JudgedPolicy, RuleDefinition } from '../domain/judged-policy.ts'
import { ruleLabels } from '../domain/rules/alert-identity.ts'
import { judgeRule } from '../domain/rules/registry.ts'
import type { TimedSample } from '../domain/rules/rule-face.ts'
import { fingerprintOf } from './alert-identity.ts'
import { type AlertState, type Moment, nextState } from './alert-state.ts'
import { annotationsOf, withdrawnReason } from './annotations.ts'
import type { Alert } from './ports.ts'

/** One rule on one target: the alert that may come of it. */
export type Watch = {
  readonly rule: RuleDefinition
  readonly target: string
  readonly labels: ReadonlyMap<string, string> // Sorted by name.
  readonly fingerprint: string
}

/** An alert that is pending or firing. */
export type TrackedAlert = Watch & {
  readonly state: AlertState
  readonly annotations: ReadonlyMap<string, string>
}

export type Evaluation = {
  readonly tracked: ReadonlyMap<string, TrackedAlert> // By fingerprint.
  readonly alerts: readonly Alert[] // Every firing one, and each that ended by this evaluation.
  readonly defects: readonly { readonly watch: Watch; readonly error: unknown }[] // Their alerts stay as they were.
}

/** All pairs of rule and target. An edit that changes an alert's labels makes another alert of it, so its `for` begins anew. */
export function watchesOf(policy: JudgedPolicy): readonly Watch[] {
  return policy.rules.flatMap((rule) =>
    policy.targets.map((target) => {
      const labels = new Map(
        Object.entries({
          ...ruleLabels(policy, rule),
          alertname: rule.alert,
          namespace: policy.namespace,
          target,
        }).toSorted(([a], [b]) => (a < b ? -1 : 1)),
      )
      return { rule, target, labels, fingerprint: fingerprintOf(labels) }
    }),
  )
}

export function evaluate(options: {
  readonly policy: JudgedPolicy
  readonly watches: readonly Watch[]
  readonly tracked: ReadonlyMap<string, TrackedAlert>
  readonly samplesOf: (target: string) => readonly TimedSample[]
  readonly moment: Moment
}): Evaluation {
  const { watches, tracked, moment } = options
  const next = new Map<string, TrackedAlert>()
  const defects: { watch: Watch; error: unknown }[] = []
  for (const watch of watches) {
    const before = tracked.get(watch.fingerprint)
    const after = judgeCarefully(options, watch, before, (error) => defects.push({ watch, error }))
    if (after !== undefined) next.set(watch.fingerprint, after)
  }
  const watched = new Set(watches.map(({ fingerprint }) => fingerprint))
  const gone = [...tracked.values()].filter(({ fingerprint }) => !next.has(fingerprint))
  const ended = gone.map((alert) => (watched.has(alert.fingerprint) ? alert : withdrawn(alert)))
  return {
    tracked: next,
    alerts: [...firingAlerts(next.values()), ...endedAlerts(ended, moment.now)],
    defects,
  }
}

/** The ends of all alerts of a policy that is no longer judged. */
export function withdrawAll(tracked: ReadonlyMap<string, TrackedAlert>, now: Instant): readonly Alert[] {
  return endedAlerts([...tracked.values()].map(withdrawn), now)
}

type EvaluationInput = Parameters<typeof evaluate>[0]

function judgeCarefully(
  input: EvaluationInput,
  watch: Watch,
  before: TrackedAlert | undefined,
  onDefect: (error: unknown) => void,
): TrackedAlert | undefined {
  try {
    return judge(input, watch, before)
  } catch (error) {
    onDefect(error)
    return before // As Prometheus: an evaluation that fails changes nothing.
  }
}

function judge(
  { policy, samplesOf, moment }: EvaluationInput,
  watch: Watch,
  before: TrackedAlert | undefined,
): TrackedAlert | undefined {
  const { rule, target } = watch
  const samples = samplesOf(target)
  const judgement = judgeRule(rule, samples, moment.atMs, before?.state.phase === 'firing')
  const state = nextState(before?.state, judgement, moment, rule.forMs)
  if (state === undefined) return undefined
  // While held through doubt there is nothing new to say; what is said stays what was found last.
  const isHeld = judgement.value === undefined && before !== undefined
  const names = { namespace: policy.namespace, target }
  const annotations = isHeld
    ? before.annotations
    : annotationsOf({ rule, names, judgement, scraped: samples.at(-1)?.scraped })
  return { ...watch, state, annotations }
}

function withdrawn(alert: TrackedAlert): TrackedAlert {
  return { ...alert, annotations: new Map([...alert.annotations, ['reason', withdrawnReason]]) }
}

function firingAlerts(alerts: Iterable<TrackedAlert>): readonly Alert[] {
  return [...alerts].flatMap(({ state, labels, annotations, fingerprint }) =>
    state.phase === 'firing'
      ? [{ status: 'firing' as const, labels, annotations, startsAt: state.firingSince, fingerprint }]
      : [],
  )
}

function endedAlerts(alerts: Iterable<TrackedAlert>, endsAt: Instant): readonly Alert[] {
  return firingAlerts(alerts).map((alert) => ({ ...alert, status: 'resolved' as const, endsAt }))
}

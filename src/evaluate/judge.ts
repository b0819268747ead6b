// The judge of Direct delivery: on a grid of time it reads all series, judges every rule of every policy on every target, and hands what
// fires or has ended to the dispatcher. With rules loaded in a Prometheus nobody sets a policy here, and it does nothing.
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../domain/clock.ts'
import { severityOrder } from '../domain/grouping.ts'
import type { JudgedPolicy } from '../domain/judged-policy.ts'
import type { Log } from '../domain/log.ts'
import { lookbackMs } from '../domain/rules/registry.ts'
import { Dispatcher, type DispatcherOptions } from './dispatch.ts'
import { evaluate, type TrackedAlert, type Watch, watchesOf, withdrawAll } from './evaluation.ts'
import { Grid } from './grid.ts'
import type { ActiveAlert, AlertReader, Judge, Notifier, SeriesReader } from './ports.ts'
import { SampleWindows, targetKey } from './sample-windows.ts'
import { receiversNaming } from './secret-use.ts'
import { Silences } from './silences.ts'

export type JudgeOptions = {
  readonly series: SeriesReader
  readonly notifier: Notifier
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number // In [0, 1): jitter of retries.
  readonly onExpired: DispatcherOptions['onExpired']
  readonly scrapeMs?: number // Default 15 s.
  readonly evaluateMs?: number // Default 15 s.
}

export type RunningJudge = Judge &
  AlertReader & {
    /** Begins to judge, at the next point of the grid. */
    start(): void
    /** Starts nothing more, forgets alerts and samples but not policies and silences; resolves when no message is in flight. */
    stop(): Promise<void>
    /** Messages that failed for receivers which refer to this Secret are tried again now. */
    secretChanged(secret: { readonly namespace: string; readonly name: string }): void
  }

/** A policy with all that is known of it. */
type Case = {
  readonly policy: JudgedPolicy
  readonly watches: readonly Watch[]
  tracked: ReadonlyMap<string, TrackedAlert>
}

export function createJudge(options: JudgeOptions): RunningJudge {
  const { series, clock, log, scrapeMs = 15_000, evaluateMs = 15_000 } = options
  const cases = new Map<string, Case>() // By UID of the policy.
  const windows = new SampleWindows()
  const silences = new Silences()
  const dispatcher = new Dispatcher({ ...options, silences })
  const grid = new Grid(clock, [
    { everyMs: scrapeMs, run: guarded(log, scrape) }, // Before the evaluation that falls on the same moment.
    { everyMs: evaluateMs, run: guarded(log, evaluateAll) },
  ])

  function scrape(atMs: number): void {
    if (!windows.isEmpty) windows.ingest(atMs, series.scrape())
  }

  function evaluateAll(atMs: number): void {
    for (const known of cases.values()) evaluateCase(known, atMs)
  }

  function evaluateCase(known: Case, atMs: number): void {
    const { policy, watches, tracked } = known
    const samplesOf = (target: string) => windows.samples(policy.namespace, target)
    const moment = { atMs, now: clock.now() }
    const found = evaluate({ policy, watches, tracked, samplesOf, moment })
    const [defect] = found.defects // One line a policy and evaluation: ten thousand targets may share one defect.
    if (defect !== undefined) {
      const { watch, error } = defect
      const fields = {
        namespace: policy.namespace,
        policy: policy.name,
        rule: watch.rule.name,
        target: watch.target,
      }
      log.error('a rule could not be judged', { ...fields, times: found.defects.length, error })
    }
    known.tracked = found.tracked
    dispatcher.submit(policy.uid, found.alerts)
  }

  return {
    setPolicy(policy) {
      const known = cases.get(policy.uid)
      if (isDeepStrictEqual(known?.policy, policy)) return
      cases.set(policy.uid, { policy, watches: watchesOf(policy), tracked: known?.tracked ?? new Map() })
      windows.keep(horizonsOf(cases.values()))
      dispatcher.setPolicy(policy)
    },
    removePolicy(uid) {
      const known = cases.get(uid)
      if (known === undefined) return
      cases.delete(uid)
      windows.keep(horizonsOf(cases.values()))
      dispatcher.submit(uid, withdrawAll(known.tracked, clock.now()))
      dispatcher.removePolicy(uid)
    },
    setSilence: (silence) => silences.set(silence),
    removeSilence: (uid) => silences.remove(uid),
    alerts: () =>
      [...cases.values()].flatMap((known) => activeAlerts(known, silences, clock)).toSorted(worstFirst),
    receivers: (policyUid) => dispatcher.receivers(policyUid),
    secretChanged: (secret) => dispatcher.retry((policy) => receiversNaming(policy, secret)),
    start() {
      dispatcher.start()
      grid.start()
    },
    async stop() {
      grid.stop()
      windows.clear()
      for (const known of cases.values()) known.tracked = new Map()
      await dispatcher.stop()
    },
  }
}

/** How far back each target must be known for the rules that look at it. */
function horizonsOf(cases: Iterable<Case>): ReadonlyMap<string, number> {
  const horizons = new Map<string, number>()
  for (const { policy } of cases) {
    const horizonMs = Math.max(0, ...policy.rules.map(lookbackMs))
    for (const target of policy.targets) {
      const key = targetKey(policy.namespace, target)
      horizons.set(key, Math.max(horizonMs, horizons.get(key) ?? 0))
    }
  }
  return horizons
}

function activeAlerts({ policy, tracked }: Case, silences: Silences, clock: Clock): readonly ActiveAlert[] {
  const { uid, namespace, name } = policy
  return [...tracked.values()].map(({ rule, target, labels, state, annotations }) => ({
    policy: { uid, namespace, name },
    rule: rule.name,
    alert: rule.alert,
    severity: rule.severity,
    namespace,
    target,
    state: state.phase,
    since: state.since,
    ...(state.phase === 'firing' && { firingSince: state.firingSince }),
    annotations,
    silencedBy: silences.muting(labels, clock.now()),
  }))
}

function worstFirst(a: ActiveAlert, b: ActiveAlert): number {
  return severityOrder[a.severity] - severityOrder[b.severity] || a.since - b.since
}

/** A defect must not end the loop: the next point of the grid comes all the same. */
function guarded(log: Log, run: (atMs: number) => void): (atMs: number) => void {
  return (atMs) => {
    try {
      run(atMs)
    } catch (error) {
      log.error('the judge failed in a way that it should not', { error })
    }
  }
}

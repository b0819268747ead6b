// How everything stands at one moment, for people to look at: put together from what the prober, the objects' status and the judge say.
// Pure.
import type { Instant } from '../domain/clock.ts'
import type { KubeObject } from '../domain/kube-object.ts'
import type { ProbeReport } from '../domain/probe-entry.ts'
import type { ActiveAlert, ReceiverRecord } from '../evaluate/ports.ts'
import { conditionOf } from '../reconcile/conditions.ts'
import { count } from './terminal.ts'

/** Worst first; `Invalid`: its spec cannot be used; `Waiting`: nothing was found yet. */
export const shownVerdicts = [
  'Unhealthy',
  'Invalid',
  'Degraded',
  'Unknown',
  'Waiting',
  'Suspended',
  'Healthy',
] as const
export type ShownVerdict = (typeof shownVerdicts)[number]

export type TargetStanding = {
  readonly namespace: string
  readonly name: string
  readonly verdict: ShownVerdict
  readonly since?: Instant // Absent before the first verdict.
  readonly why: string // Empty while all is well.
}

export type ReceiverStanding = ReceiverRecord & { readonly policy: string } // `<namespace>/<name>`

/** What stands in the way of reading the manifests. */
export type FileProblem = { readonly file: string; readonly line: number; readonly message: string }

export type Standing = {
  readonly targets: readonly TargetStanding[] // Worst first, each longest first.
  readonly alerts: readonly ActiveAlert[] // Firing only.
  readonly receivers: readonly ReceiverStanding[]
  readonly problems: readonly FileProblem[]
}

/**
 * `targets` are InspectionTargets as the store holds them. `reportOf` answers what the prober of this process knows: the status of a
 * target that flaps is written once a minute, and a table that is that late contradicts the alerts below it.
 */
export function standingOf(now: {
  readonly targets: readonly KubeObject[]
  readonly reportOf: (uid: string) => ProbeReport | undefined
  readonly alerts: readonly ActiveAlert[]
  readonly receivers: readonly ReceiverStanding[]
  readonly problems: readonly FileProblem[]
}): Standing {
  return {
    targets: now.targets.map((target) => targetStanding(target, now.reportOf)).toSorted(worstFirst),
    alerts: now.alerts.filter(({ state }) => state === 'firing'),
    receivers: now.receivers,
    problems: now.problems,
  }
}

/** `2 of 5 targets are not healthy, the longest for 14m, 1 alert fires`; needs no table to be understood. */
export function sentenceOf({ targets, alerts }: Standing, now: Instant): string {
  const suspended = targets.filter(({ verdict }) => verdict === 'Suspended').length
  const bad = targets.filter(({ verdict }) => verdict !== 'Healthy' && verdict !== 'Suspended')
  const parts = [
    targets.length === 0 ? 'no target is declared' : healthOf(targets.length - suspended, bad, now),
    ...(suspended === 0 ? [] : [`${suspended} suspended`]),
    ...(alerts.length === 0
      ? []
      : [`${count(alerts.length, 'alert')} ${alerts.length === 1 ? 'fires' : 'fire'}`]),
  ]
  return parts.join(', ')
}

function healthOf(probed: number, bad: readonly TargetStanding[], now: Instant): string {
  if (probed === 0) return 'no target is probed'
  const verb = (number: number) => (number === 1 ? 'is' : 'are')
  if (bad.length === 0)
    return `${probed === 1 ? '' : 'all '}${count(probed, 'target')} ${verb(probed)} healthy`
  const since = Math.min(...bad.flatMap((target) => target.since ?? []))
  const lasting = Number.isFinite(since) ? `, the longest for ${ageText(now - since)}` : ''
  return `${bad.length} of ${count(probed, 'target')} ${verb(bad.length)} not healthy${lasting}`
}

/** `45s`, `14m`, `3h`, `2d`: one unit, rounded down, as kubectl shows ages. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 120) return `${seconds}s`
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)}h`
  return `${Math.floor(seconds / 86_400)}d`
}

function targetStanding(
  object: KubeObject,
  reportOf: (uid: string) => ProbeReport | undefined,
): TargetStanding {
  const { namespace = '', name, uid = '' } = object.metadata
  const ready = conditionOf(object, 'Ready')
  if (ready?.status === 'False') {
    const since = instantOf(ready.lastTransitionTime)
    return { namespace, name, verdict: 'Invalid', ...since, why: ready.message }
  }
  const { verdict, since, message } = statusOf(object)
  const report = reportOf(uid)
  // Before the first decision of this process, and while it agrees, the status knows better since when.
  if (report !== undefined && report.transitions.length > 0 && report.state.verdict !== verdict) {
    const { state } = report
    return { namespace, name, verdict: state.verdict, since: state.since, why: state.message }
  }
  const shown = shownVerdicts.find((known) => known === verdict) ?? 'Waiting'
  return { namespace, name, verdict: shown, ...instantOf(since), why: message }
}

function statusOf({ status }: KubeObject): { verdict: string; since: string; message: string } {
  const { verdict, since, message } = (status ?? {}) as Record<string, unknown>
  return { verdict: textOf(verdict), since: textOf(since), message: textOf(message) }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function instantOf(text: string): { since?: Instant } {
  const since = Date.parse(text)
  return Number.isNaN(since) ? {} : { since }
}

function worstFirst(left: TargetStanding, right: TargetStanding): number {
  return (
    shownVerdicts.indexOf(left.verdict) - shownVerdicts.indexOf(right.verdict) ||
    (left.since ?? 0) - (right.since ?? 0) ||
    compare(`${left.namespace}/${left.name}`, `${right.namespace}/${right.name}`)
  )
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

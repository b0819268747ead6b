// Who is told of an alert, together with which others, and when: Alertmanager's routing, grouping and deduplication as pure functions.
// Alerts are known here by their fingerprints alone; what a message looks like is not decided here.
import type { Severity } from '../api/v1alpha1/alert-policy.ts'
import type { Instant } from './clock.ts'
import type { Routing } from './judged-policy.ts'

/** Most urgent first. */
export const severityOrder: Readonly<Record<Severity, number>> = {
  critical: 0,
  warning: 1,
  info: 2,
  debug: 3,
}

/** Names of the receivers of an alert: those of the first route that takes its severity. Empty: nobody is told. */
export function receiversFor(routing: Routing, severity: Severity): readonly string[] {
  const route = routing.routes.find(({ severities }) => severities?.includes(severity) ?? true)
  return route === undefined ? [] : [...new Set(route.receivers)]
}

/** In `grouping.by`, alone: every label, so each alert is a group of its own. */
const everyLabel = '...'

/** The labels that the alerts of one group have in common, sorted by name. A label that the alert lacks is left out. */
export function groupLabelsOf(
  by: readonly string[],
  labels: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const common = new Map<string, string>()
  const names = by.includes(everyLabel) ? labels.keys() : by
  for (const name of [...new Set(names)].toSorted()) {
    const value = labels.get(name)
    if (value !== undefined) common.set(name, value)
  }
  return common
}

/** Names one group of one receiver, like Alertmanager's key: injective, readable, and stable over edits of routes and rules. */
export function groupKeyOf(
  owner: { readonly namespace: string; readonly policy: string; readonly receiver: string },
  labels: ReadonlyMap<string, string>,
): string {
  const pairs = [...labels].map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return `${owner.namespace}/${owner.policy}/${owner.receiver}:{${pairs.join(', ')}}`
}

/** What the receiver of a group was last told. */
export type Told = {
  readonly firing: ReadonlySet<string>
  readonly resolved: ReadonlySet<string>
  readonly atMs: Instant
}

/** What there is to tell of a group now, silenced alerts left out. */
export type GroupState = {
  readonly firing: ReadonlySet<string>
  readonly resolved: ReadonlySet<string>
  /** Alerts whose firing was offered to the receiver and not delivered: their end must be told, or nobody ever hears of them. */
  readonly owed: ReadonlySet<string>
}

export type WhyTold = 'first' | 'more-firing' | 'resolved' | 'repeat'

/**
 * Why the receiver must be told, or undefined. As Alertmanager decides it: an alert that came and went before the first message is not
 * told; one that fires anew within the group's interval was told already; a resolve is told once.
 */
export function whyTold(
  state: GroupState,
  told: Told | undefined,
  time: { readonly atMs: Instant; readonly repeatMs: number },
): WhyTold | undefined {
  const owesResolve = [...state.owed].some((alert) => state.resolved.has(alert))
  if (told === undefined) {
    if (state.firing.size > 0) return 'first'
    return owesResolve ? 'resolved' : undefined
  }
  if (!isSubset(state.firing, told.firing)) return 'more-firing'
  if (state.firing.size === 0) {
    const isResolveAwaited = state.resolved.size > 0 && told.firing.size > 0
    return isResolveAwaited || owesResolve ? 'resolved' : undefined
  }
  if (!isSubset(state.resolved, told.resolved)) return 'resolved'
  return told.atMs <= time.atMs - time.repeatMs ? 'repeat' : undefined
}

function isSubset(part: ReadonlySet<string>, whole: ReadonlySet<string>): boolean {
  return [...part].every((alert) => whole.has(alert))
}

/**
 * How long until a group gets its first message: the wait counts from the moment the alert began to fire, so an alert that has fired for
 * long, and only now comes into this group, is told at once.
 */
export function firstFlushInMs(options: {
  readonly startsAt: Instant
  readonly now: Instant
  readonly waitMs: number
}): number {
  return Math.min(options.waitMs, Math.max(0, options.startsAt + options.waitMs - options.now))
}

const firstRetryMs = 1_000
const lastRetryMs = 60_000

/** Wait before the next attempt after `failures` failures in a row (>= 1): 1 s doubling to 60 s, jittered by half either way. */
export function retryInMs(failures: number, random: () => number): number {
  const plain = Math.min(lastRetryMs, firstRetryMs * 2 ** Math.min(failures - 1, 16))
  return plain * (0.5 + random())
}

// Events for people: only on transitions, with the condition's own reason (kube:S10).
import type { Instant } from '../domain/clock.ts'
import { printDuration } from '../domain/duration.ts'
import { type KubeObject, refOfObject } from '../domain/kube-object.ts'
import { conditionOf, type WantedCondition } from './conditions.ts'
import type { PlannedEvent } from './plan.ts'

/** For each condition that says how a thing goes: which status is good, and what Roundsman is doing when it changes. */
const told: ReadonlyMap<string, { readonly good: 'True' | 'False'; readonly action: string }> = new Map([
  ['Ready', { good: 'True', action: 'Reconcile' }],
  ['Healthy', { good: 'True', action: 'Probe' }],
  ['Degraded', { good: 'False', action: 'Probe' }],
  ['Active', { good: 'True', action: 'Silence' }],
])

/** The events of a change from what the object's status holds to `wanted`. A first good news is no news. */
export function transitionEvents(
  object: KubeObject,
  wanted: readonly WantedCondition[],
  now: Instant,
): readonly PlannedEvent[] {
  return wanted.flatMap((condition) => {
    const kind = told.get(condition.type)
    if (kind === undefined) return []
    const before = conditionOf(object, condition.type)
    const isGood = condition.status === kind.good
    const isBad = condition.status !== kind.good && condition.status !== 'Unknown'
    const isNews =
      before === undefined
        ? isBad
        : before.status !== condition.status || (isBad && before.reason !== condition.reason)
    if (!isNews) return []
    const lasted = isGood && before !== undefined ? ` after ${lasting(before.lastTransitionTime, now)}` : ''
    return [
      event(object, { type: isBad ? 'Warning' : 'Normal', action: kind.action, condition, suffix: lasted }),
    ]
  })
}

function event(
  object: KubeObject,
  {
    type,
    action,
    condition,
    suffix,
  }: { type: PlannedEvent['type']; action: string; condition: WantedCondition; suffix: string },
): PlannedEvent {
  return {
    regarding: { ...refOfObject(object), uid: object.metadata.uid ?? '' },
    type,
    reason: condition.reason,
    action,
    note: `${condition.message}${suffix}`.slice(0, 1024),
  }
}

function lasting(since: string, now: Instant): string {
  const seconds = Math.round((now - Date.parse(since)) / 1000)
  return Number.isFinite(seconds) ? printDuration(Math.max(0, seconds) * 1000) : 'an unknown time'
}

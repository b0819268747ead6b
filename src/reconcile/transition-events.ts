// Events for people: only on transitions, with the condition's own reason (kube:S10).
import type { Instant } from '../domain/clock.ts'
import { printDuration } from '../domain/duration.ts'
import { type KubeObject, refOfObject } from '../domain/kube-object.ts'
import { conditionOf, type WantedCondition } from './conditions.ts'
import type { PlannedEvent } from './plan.ts'

/** For each condition that people follow: which status is good, whether the opposite is a warning, and what Roundsman does about it. */
const told: ReadonlyMap<
  string,
  { readonly good: 'True' | 'False'; readonly warns: boolean; readonly action: string }
> = new Map([
  ['Ready', { good: 'True', warns: true, action: 'Reconcile' }],
  ['Healthy', { good: 'True', warns: true, action: 'Probe' }],
  ['Degraded', { good: 'False', warns: true, action: 'Probe' }],
  ['Active', { good: 'True', warns: false, action: 'Silence' }],
])

/** The events of a change from what the object's status holds to `wanted`. That all is well from the beginning is no news. */
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
    const wasGood = before?.status === kind.good
    if (isGood) {
      // Doubt that ends well was told by nobody, so its end need not be.
      const wasBad = before !== undefined && !wasGood && before.status !== 'Unknown'
      if (!wasBad && (kind.warns || wasGood)) return []
      const suffix = wasBad && kind.warns ? ` after ${lasting(before.lastTransitionTime, now)}` : ''
      return [event(object, { type: 'Normal', action: kind.action, condition, suffix })]
    }
    const isDoubt = condition.status === 'Unknown'
    const isNews = isDoubt
      ? wasGood
      : before?.status !== condition.status || before.reason !== condition.reason
    if (!isNews || (!kind.warns && !wasGood)) return []
    return [
      event(object, { type: kind.warns ? 'Warning' : 'Normal', action: kind.action, condition, suffix: '' }),
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

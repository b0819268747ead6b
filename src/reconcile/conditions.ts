// Conditions as Kubernetes and kstatus want them: a list-map by type, times that move only with the status (kube:S2, S3, S8).
import type { Condition, ConditionReason, ConditionType } from '../api/v1alpha1/conditions.ts'
import type { Instant } from '../domain/clock.ts'
import type { KubeObject } from '../domain/kube-object.ts'
import type { Problem } from './plan.ts'

export type WantedCondition = Pick<Condition, 'status' | 'message'> & {
  readonly type: ConditionType
  readonly reason: ConditionReason
}

/** Adds what every condition carries: the generation acted on, and the time of the last change of its status, copied while it lasts. */
export function conditions(
  object: KubeObject,
  wanted: readonly WantedCondition[],
  now: Instant,
): readonly Condition[] {
  const before = conditionsOf(object)
  return wanted.map((condition) => {
    const held = before.find(({ type }) => type === condition.type)
    const lastTransitionTime =
      held?.status === condition.status && held.lastTransitionTime !== undefined
        ? held.lastTransitionTime
        : wholeSeconds(now)
    return {
      ...condition,
      message: condition.message.slice(0, 1024),
      observedGeneration: object.metadata.generation ?? 0,
      lastTransitionTime,
    }
  })
}

/** What is stored, read leniently: status is never an input to a decision beyond times and what was told before. */
export function conditionsOf(object: KubeObject): readonly Condition[] {
  const list = (object.status as { conditions?: unknown } | undefined)?.conditions
  if (!Array.isArray(list)) return []
  return list.filter((item): item is Condition => typeof item === 'object' && item !== null && 'type' in item)
}

export function conditionOf(object: KubeObject, type: string): Condition | undefined {
  return conditionsOf(object).find((condition) => condition.type === type)
}

/**
 * Ready for a problem, with the kstatus condition that says what happens next: a lasting error needs Stalled, or Flux and
 * `kubectl wait` take it for progress.
 */
export function notReady({
  kind,
  reason,
  message,
}: Pick<WantedCondition, 'reason' | 'message'> & Pick<Problem, 'kind'>): readonly WantedCondition[] {
  const type = kind === 'stalled' ? 'Stalled' : 'Reconciling'
  return [
    { type: 'Ready', status: 'False', reason, message },
    { type, status: 'True', reason, message },
  ]
}

/** RFC 3339 with whole seconds, as conditions have it. */
export function wholeSeconds(instant: Instant): string {
  return new Date(instant).toISOString().replace(/\.\d{3}Z$/, 'Z')
}

// Problems that several kinds have in common, each with its sentence.

import type { ConditionReason } from '../api/v1alpha1/conditions.ts'
import type { SpecProblem } from '../api/v1alpha1/judgement.ts'
import type { KindName } from '../domain/kinds.ts'
import type { KubeObject } from '../domain/kube-object.ts'
import { conditionOf, notReady, type WantedCondition } from './conditions.ts'
import type { Problem } from './plan.ts'
import type { Availability, Trouble } from './ports.ts'

/** A transient trouble is told only after this many times in a row; before, nobody needs to know (kube:Q12). */
const toldAfterTimes = 5

/** A stored spec that breaks a rule, e.g. one that an older CRD let through. All its problems in one sentence. */
export function invalidSpec(problems: readonly SpecProblem[]): Problem {
  const sentence = problems.map(({ path, message }) => `${path}: ${message}`).join('; ')
  return { kind: 'stalled', reason: 'InvalidSpec', message: sentence }
}

/** Why a kind cannot be written; undefined when it can. `remedy` ends the sentence. */
export function unavailable(kind: KindName, availability: Availability, remedy: string): Problem | undefined {
  switch (availability.state) {
    case 'synced':
    case 'syncing':
      return undefined
    case 'notServed':
      return {
        kind: 'waiting',
        reason: 'KindNotServed',
        message: `this cluster serves no ${kind}; ${remedy}`,
      }
    case 'forbidden':
      return { kind: 'waiting', reason: 'Forbidden', message: availability.message }
    default:
      return availability satisfies never
  }
}

/**
 * What the last carrying out met, as conditions. A transient one keeps Ready as it is, and is told only when it lasts; undefined
 * while there is nothing to tell.
 */
export function troubleConditions(
  object: KubeObject,
  trouble: Trouble,
): readonly WantedCondition[] | undefined {
  const { kind, reason, message } = trouble
  if (kind !== 'transient') return notReady({ kind, reason, message })
  if (trouble.times < toldAfterTimes) return undefined
  const ready = conditionOf(object, 'Ready') ?? { type: 'Ready', status: 'Unknown', reason, message }
  return [
    // A stored reason was written by a version of Roundsman, this one or another.
    { type: 'Ready', status: ready.status, reason: ready.reason as ConditionReason, message: ready.message },
    { type: 'Reconciling', status: 'True', reason, message },
  ]
}

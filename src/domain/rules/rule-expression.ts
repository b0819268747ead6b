// The parts of PromQL that rules have in common: which series, and holding through doubt (alerting.md section 4).
import {
  aggregation,
  anyOf,
  binary,
  type Expression,
  type LabelMatcher,
  number,
  selector,
} from '../promql.ts'
import { policyLabel } from './alert-identity.ts'
import type { RuleScope } from './rule-face.ts'

/** The labels that one alert is about; every expression of ours is aggregated to exactly these. */
export const alertDimensions = ['namespace', 'target'] as const

/** Restricts a selector to the targets of the policy. */
export function scopeMatchers(scope: RuleScope): readonly LabelMatcher[] {
  return [
    { name: 'namespace', op: '=', value: scope.namespace },
    { name: 'target', op: '=~', value: anyOf(scope.targets) },
  ]
}

/** One series a target that is 1 while its verdict is one of these, and absent otherwise. */
export function verdictIsOneOf(scope: RuleScope, verdicts: readonly string[]): Expression {
  const verdict: LabelMatcher =
    verdicts.length === 1
      ? { name: 'verdict', op: '=', value: verdicts[0] ?? '' }
      : { name: 'verdict', op: '=~', value: anyOf(verdicts) }
  const series = selector('roundsman_target_verdict', [...scopeMatchers(scope), verdict])
  return binary(aggregation('max', alertDimensions, series), '==', number(1))
}

/**
 * Goes on firing, once it fires, until the question is answered: through Unknown, a rollout, the gap between two pods' series.
 * Without the scope in the ALERTS selector a target taken off the list would fire for ever, as each evaluation writes its own ALERTS again.
 */
export function heldThroughDoubt(options: {
  readonly expression: Expression
  readonly answered: Expression
  readonly rule: string
  readonly scope: RuleScope
}): Expression {
  const firing = selector('ALERTS', [
    {
      name: 'roundsman_policy',
      op: '=',
      value: policyLabel({ ...options.scope, name: options.scope.policy }),
    },
    { name: 'roundsman_rule', op: '=', value: options.rule },
    ...scopeMatchers(options.scope),
    { name: 'alertstate', op: '=', value: 'firing' },
  ])
  const held = binary(aggregation('max', alertDimensions, firing), 'unless', options.answered, {
    on: alertDimensions,
  })
  return binary(options.expression, 'or', held)
}

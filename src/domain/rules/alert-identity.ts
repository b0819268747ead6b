// The labels and texts that an alert of ours carries, whoever judges it. Identity is the labels: nothing that varies may stand in one.
import type { RuleDefinition } from '../judged-policy.ts'

/** Where an alert happens: literal names for the local judge, template placeholders for Prometheus. */
export type AlertNames = { readonly namespace: string; readonly target: string }

export type AlertTexts = { readonly summary: string; readonly description: string }

/** Value of the label `roundsman_policy`. */
export function policyLabel(policy: { readonly namespace: string; readonly name: string }): string {
  return `${policy.namespace}/${policy.name}`
}

/** All labels of an alert but `alertname`, `namespace` and `target`, which come from the rule and from the series. */
export function ruleLabels(
  policy: { readonly namespace: string; readonly name: string },
  rule: RuleDefinition,
): Readonly<Record<string, string>> {
  return {
    severity: rule.severity,
    roundsman_policy: policyLabel(policy),
    roundsman_rule: rule.name,
    roundsman_rule_kind: rule.kind,
  }
}

// JudgedPolicy -> PrometheusRule: one group and one alerting rule for each rule of the policy, over all its targets.
import { printDuration } from '../domain/duration.ts'
import { fnv1a32 } from '../domain/fnv.ts'
import type { JudgedPolicy, RuleDefinition } from '../domain/judged-policy.ts'
import type { KubeObject } from '../domain/kube-object.ts'
import { ruleLabels } from '../domain/rules/alert-identity.ts'
import { alertTexts, rulePromQL } from '../domain/rules/registry.ts'
import { generatedObject, type Owner } from './generated-object.ts'
import { labelTemplate, literalTemplate, reasonTemplate } from './template-text.ts'

/**
 * prometheus-operator takes 524,288 bytes of rendered rules, and an enforced namespace label makes them longer.
 */
export const ruleBytesMax = 400 * 1024

type RuleGroup = {
  readonly name: string
  readonly rules: readonly Readonly<Record<string, unknown>>[]
}

/**
 * One object; above 400 KiB several, numbered, and then the unnumbered one is absent. A group's number is a hash of its name, so
 * no other edit moves it: a group that moves while its alert fires resolves it and fires again. No target: no object.
 */
export function prometheusRules(options: {
  readonly policy: JudgedPolicy
  readonly owner: Owner
  readonly labels: Readonly<Record<string, string>>
}): readonly KubeObject[] {
  const { policy, owner, labels } = options
  const groups = policy.targets.length === 0 ? [] : policy.rules.map((rule) => ruleGroup(policy, rule))
  return partitions(groups).map(({ suffix, groups: part }) =>
    generatedObject({
      kind: 'PrometheusRule',
      owner,
      ...(suffix === undefined ? {} : { suffix }),
      labels,
      spec: { groups: part },
    }),
  )
}

/** The rules whose group alone is larger than any object may be: they cannot be loaded, whatever is split. */
export function oversizedRules(policy: JudgedPolicy): readonly string[] {
  if (policy.targets.length === 0) return []
  return policy.rules
    .filter((rule) => bytesOf([ruleGroup(policy, rule)]) > ruleBytesMax)
    .map((rule) => rule.name)
}

/** Unique over the cluster and stable over edits: Prometheus keeps the state of `for` by group and rule. */
function groupName(policy: { readonly namespace: string; readonly name: string }, rule: string): string {
  return `roundsman.${policy.namespace}.${policy.name}.${rule}`
}

function ruleGroup(policy: JudgedPolicy, rule: RuleDefinition): RuleGroup {
  const scope = { namespace: policy.namespace, policy: policy.name, targets: policy.targets }
  return {
    name: groupName(policy, rule.name),
    rules: [
      {
        alert: rule.alert,
        expr: rulePromQL(rule, scope),
        ...(rule.forMs === 0 ? {} : { for: printDuration(rule.forMs) }),
        labels: mapValues(ruleLabels(policy, rule), literalTemplate),
        annotations: annotationsOf(rule),
      },
    ],
  }
}

function annotationsOf(rule: RuleDefinition): Readonly<Record<string, string>> {
  const names = { namespace: labelTemplate('namespace'), target: labelTemplate('target') }
  return { ...alertTexts(rule, names), reason: reasonTemplate }
}

const partitionCount = 16

function partitions(
  groups: readonly RuleGroup[],
): readonly { readonly suffix?: string; readonly groups: readonly RuleGroup[] }[] {
  if (groups.length === 0) return []
  if (bytesOf(groups) <= ruleBytesMax) return [{ groups }]
  const numbered = new Map<number, RuleGroup[]>()
  for (const group of groups) {
    const number = fnv1a32(Buffer.from(group.name)) % partitionCount
    numbered.set(number, [...(numbered.get(number) ?? []), group])
  }
  return [...numbered.entries()]
    .toSorted(([a], [b]) => a - b)
    .map(([number, part]) => ({ suffix: String(number), groups: part }))
}

/** JSON is at least as long as the YAML that prometheus-operator renders, but for the indentation of a dozen short lines. */
function bytesOf(groups: readonly RuleGroup[]): number {
  return Buffer.byteLength(JSON.stringify(groups))
}

function mapValues(
  record: Readonly<Record<string, string>>,
  change: (value: string) => string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
}

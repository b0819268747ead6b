// An AlertPolicy made ready to be judged and generated from: computed defaults filled in, rules that cannot work left out and named.
import type { AlertPolicySpec, Receiver, Rule } from '../api/v1alpha1/alert-policy.ts'
import { durationMs } from './duration.ts'
import type { JudgedPolicy, Routing, RuleDefinition } from './judged-policy.ts'
import { ruleFaces, ruleKinds } from './rules/registry.ts'
import type { RuleFace, RuleKind, RuleTarget } from './rules/rule-face.ts'

/** Somebody must edit the rule; until then it is left out, alone. One sentence that names it. */
export type RuleProblem = { readonly rule: string; readonly message: string }

/**
 * `targets` are the ones that the policy selects, suspended and deleted ones left out. Total: what concerns the whole policy was
 * refused by its schema.
 */
export function resolvePolicy(
  identity: { readonly uid: string; readonly namespace: string; readonly name: string },
  spec: AlertPolicySpec,
  targets: readonly RuleTarget[],
): { readonly policy: JudgedPolicy; readonly ruleProblems: readonly RuleProblem[] } {
  const rules = spec.rules.map((rule) => resolveRule(rule, targets))
  const policy: JudgedPolicy = {
    uid: identity.uid,
    namespace: identity.namespace,
    name: identity.name,
    targets: targets.map((target) => target.name).toSorted(),
    rules: rules.filter((rule) => 'kind' in rule),
    routing: resolveRouting(spec),
  }
  return { policy, ruleProblems: rules.filter((rule) => 'message' in rule) }
}

/** `targets` as in `resolvePolicy`: the slowest of them decides how many probes a window can hold. */
export function resolveRule(rule: Rule, targets: readonly RuleTarget[]): RuleDefinition | RuleProblem {
  const kind = ruleKinds.find((name) => rule[name] !== undefined)
  if (kind === undefined) {
    // Reading cut off the member of a newer version.
    const message = `rule ${rule.name}: its kind is not known to this version of Roundsman, which knows ${ruleKinds.join(', ')}`
    return { rule: rule.name, message }
  }
  const { defaultAlert, resolve } = ruleFaces[kind] as unknown as RuleFace<RuleKind>
  const resolved = resolve(rule[kind] ?? {}, targets)
  if ('problem' in resolved) return { rule: rule.name, message: `rule ${rule.name}: ${resolved.problem}` }
  return { name: rule.name, alert: defaultAlert, severity: rule.severity, ...resolved.fields }
}

/** Without a receiver the last route tells nobody; the only receiver is the default one. */
function resolveRouting(spec: AlertPolicySpec): Routing {
  const receivers: readonly Receiver[] = spec.receivers ?? []
  const fallback = spec.defaultReceiver ?? receivers[0]?.name
  const { by, wait, interval, repeat } = spec.grouping ?? {}
  return {
    routes: [...(spec.routes ?? []), { receivers: fallback === undefined ? [] : [fallback] }],
    groupBy: by ?? ['alertname', 'namespace', 'target'],
    groupWaitMs: durationMs(wait ?? '30s'),
    groupIntervalMs: durationMs(interval ?? '5m'),
    repeatMs: durationMs(repeat ?? '4h'),
    receivers,
  }
}

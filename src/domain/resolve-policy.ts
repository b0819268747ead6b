// An AlertPolicy made ready to be judged and generated from: computed defaults filled in, what cannot work left out and named.
import type { AlertPolicySpec, Receiver, Rule } from '../api/v1alpha1/alert-policy.ts'
import { durationMs, printDuration } from './duration.ts'
import type { JudgedPolicy, Routing, RuleDefinition } from './judged-policy.ts'
import { ruleFaces, ruleKinds } from './rules/registry.ts'
import type { RuleFace, RuleKind, RuleTarget } from './rules/rule-face.ts'

export const defaultIntervalMs = 30_000

/** One thing that somebody must edit. With a rule: that rule alone is left out. */
export type PolicyProblem = { readonly rule?: string; readonly message: string }

export type ResolvedPolicy = {
  readonly policy: JudgedPolicy // Without the rules that have a problem.
  readonly ruleProblems: readonly PolicyProblem[]
}

/**
 * `targets` are the ones that the policy selects, suspended and deleted ones left out.
 * A problem of the routing is told instead of a policy: without it nobody knows whom to tell.
 */
export function resolvePolicy(
  identity: { readonly uid: string; readonly namespace: string; readonly name: string },
  spec: AlertPolicySpec,
  targets: readonly RuleTarget[],
):
  | ({ readonly ok: true } & ResolvedPolicy)
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] } {
  const problems = routingProblems(spec)
  if (problems.length > 0) return { ok: false, problems: problems.map((message) => ({ message })) }
  const rules = spec.rules.map((rule) => resolveRule(rule, targets))
  const policy: JudgedPolicy = {
    uid: identity.uid,
    namespace: identity.namespace,
    name: identity.name,
    targets: targets.map((target) => target.name).toSorted(),
    rules: rules.filter((rule) => 'kind' in rule),
    routing: resolveRouting(spec),
  }
  return { ok: true, policy, ruleProblems: rules.filter((rule) => 'message' in rule) }
}

/** `targets` as in `resolvePolicy`: the slowest of them decides how many probes a window can hold. */
export function resolveRule(rule: Rule, targets: readonly RuleTarget[]): RuleDefinition | PolicyProblem {
  const kind = ruleKinds.find((name) => rule[name] !== undefined)
  if (kind === undefined) {
    // Tolerant reading drops the member of a newer version.
    const message = `rule ${rule.name} is of a kind that this version of Roundsman does not know; it knows ${ruleKinds.join(', ')}`
    return { rule: rule.name, message }
  }
  const { defaultAlert, resolve } = ruleFaces[kind] as unknown as RuleFace<RuleKind>
  const resolved = resolve(rule[kind] ?? {}, targets)
  if ('problem' in resolved) return { rule: rule.name, message: `rule ${rule.name}: ${resolved.problem}` }
  return { name: rule.name, alert: defaultAlert, severity: rule.severity, ...resolved.fields }
}

function resolveRouting(spec: AlertPolicySpec): Routing {
  const receivers: readonly Receiver[] = spec.receivers ?? []
  const fallback = spec.defaultReceiver ?? receivers[0]?.name
  const { by, wait, interval, repeat } = spec.grouping ?? {}
  return {
    routes: [...(spec.routes ?? []), { receivers: fallback === undefined ? [] : [fallback] }],
    groupBy: [...new Set(by ?? ['alertname', 'namespace', 'target'])],
    groupWaitMs: durationMs(wait ?? '30s'),
    groupIntervalMs: durationMs(interval ?? '5m'),
    repeatMs: durationMs(repeat ?? '4h'),
    receivers,
  }
}

// Alertmanager forgets whom it told after `--data.retention` and would tell again: its default.
const retentionMs = durationMs('120h')

/** The API server checks most of this too; files and objects stored before a rule was made have passed no API server. */
function routingProblems(spec: AlertPolicySpec): readonly string[] {
  return [...receiverProblems(spec), ...groupingProblems(resolveRouting(spec))]
}

function receiverProblems({
  receivers = [],
  defaultReceiver,
  routes = [],
}: AlertPolicySpec): readonly string[] {
  const names = new Set(receivers.map((receiver) => receiver.name))
  const problems: string[] = []
  if (receivers.length > 1 && defaultReceiver === undefined) {
    problems.push(
      'defaultReceiver is missing; with more than one receiver it must name the one that takes what no route matches',
    )
  }
  const asked = [
    ...(defaultReceiver === undefined ? [] : [defaultReceiver]),
    ...routes.flatMap((route) => route.receivers),
  ]
  for (const name of new Set(asked.filter((receiver) => !names.has(receiver)))) {
    problems.push(
      `no receiver is called ${name}; add it to receivers or take it out of routes and defaultReceiver`,
    )
  }
  return problems
}

function groupingProblems({ groupBy, groupIntervalMs, repeatMs }: Routing): readonly string[] {
  const problems: string[] = []
  if (groupBy.includes('...') && groupBy.length > 1) {
    problems.push('grouping.by holds ... beside other labels; it means every label and stands alone')
  }
  if (groupIntervalMs === 0)
    problems.push('grouping.interval is zero; Alertmanager needs at least 1ms, 5m is usual')
  if (repeatMs < groupIntervalMs) {
    problems.push(
      `grouping.repeat ${printDuration(repeatMs)} is shorter than grouping.interval ${printDuration(groupIntervalMs)}; make it a multiple of it`,
    )
  }
  if (repeatMs >= retentionMs) {
    problems.push(
      `grouping.repeat ${printDuration(repeatMs)} is not shorter than 120h, after which Alertmanager forgets whom it told`,
    )
  }
  return problems
}

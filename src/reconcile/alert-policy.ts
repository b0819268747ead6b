// What the cluster, or the local judge, shall hold for one AlertPolicy. Writes nothing, knows no clock of its own.

import type { AlertPolicySpec } from '../api/v1alpha1/alert-policy.ts'
import type { ConditionReason, ProblemReason } from '../api/v1alpha1/conditions.ts'
import { type Parsed, parseAlertPolicy, parseInspectionTarget } from '../api/v1alpha1/parse.ts'
import type { Instant } from '../domain/clock.ts'
import type { JudgedPolicy } from '../domain/judged-policy.ts'
import type { GeneratedKind, KindName } from '../domain/kinds.ts'
import type { KubeObject, Ref } from '../domain/kube-object.ts'
import { type RuleProblem, resolvePolicy } from '../domain/resolve-policy.ts'
import { policyFindings, type SpecFinding } from '../domain/spec-checks.ts'
import { type SelectableTarget, selectTargets } from '../domain/target-selection.ts'
import { objectsOfPolicy, scrapingOf } from '../generate/objects-of-policy.ts'
import { type Pick as Picked, type Placement, placementFor } from '../generate/placement.ts'
import { monitorsBefore } from '../generate/precedence.ts'
import { oversizedRules } from '../generate/prometheus-rule.ts'
import { coveredSentence } from '../generate/scrape-coverage.ts'
import { conditions, notReady, type WantedCondition } from './conditions.ts'
import { type Desired, type Plan, type Problem, planOf } from './plan.ts'
import type { Availability, ObjectReader, Sources, Trouble } from './ports.ts'
import { effectiveTimes } from './probe-entry-of.ts'
import { invalidSpec, troubleConditions, unavailable } from './problems.ts'
import type { Reconciler } from './reconciler.ts'
import { transitionEvents } from './transition-events.ts'

const generatedKinds = [
  'PrometheusRule',
  'ServiceMonitor',
  'AlertmanagerConfig',
] as const satisfies readonly GeneratedKind[]

/** What decides which objects there shall be and under which labels: while one cannot be read, its absence means nothing (invariant 4). */
const inputKinds = [
  'InspectionTarget',
  'Service',
  'Prometheus',
  'Alertmanager',
  'Namespace',
] as const satisfies readonly KindName[]

export type PolicyWorld = {
  readonly object: KubeObject
  readonly parsed: Parsed<AlertPolicySpec>
  readonly findings: readonly SpecFinding[]
  readonly delivery: 'Prometheus' | 'Direct'
  readonly targets: readonly SelectableTarget[] // Selected and probed, sorted by name.
  readonly missing: readonly string[] // Names in spec.targets that no target has.
  readonly services: readonly KubeObject[]
  readonly monitorsBefore: readonly KubeObject[] // ServiceMonitors of others, whose endpoints are not scraped again.
  readonly placement: Placement
  readonly availability: Readonly<Record<GeneratedKind, Availability>>
  readonly unread: Problem | undefined // Why what the objects are made of is not known.
  readonly trouble: Trouble | undefined
}

export const alertPolicy: Reconciler<PolicyWorld> = { kind: 'AlertPolicy', observe, decide }

function observe(ref: Ref, { objects, carriedOut, installation }: Sources): PolicyWorld | undefined {
  const object = objects.get(ref)
  if (object === undefined) return undefined
  const parsed = parseAlertPolicy(object.spec)
  const candidates = objects.list('InspectionTarget', ref.namespace).flatMap(probedTarget)
  const { selected, missing } = parsed.ok
    ? selectTargets(parsed.spec.targets, candidates)
    : { selected: [], missing: [] }
  return {
    object,
    parsed,
    findings: parsed.ok ? policyFindings(parsed.spec) : [],
    delivery: installation.delivery,
    targets: selected,
    missing: missing.filter((name) => objects.get({ ...ref, kind: 'InspectionTarget', name }) === undefined),
    services: objects.list('Service', ref.namespace),
    monitorsBefore: selected.some(({ spec }) => spec.metrics !== undefined)
      ? monitorsBefore({
          policy: object,
          policies: objects.list('AlertPolicy', ref.namespace),
          monitors: objects.list('ServiceMonitor'),
        })
      : [],
    placement: placementFor({
      namespace: ref.namespace,
      prometheuses: objects.list('Prometheus'),
      alertmanagers: objects.list('Alertmanager'),
      namespaces: objects.list('Namespace'),
      ...monitorOfRoundsman(objects),
    }),
    availability: {
      PrometheusRule: objects.availability('PrometheusRule'),
      ServiceMonitor: objects.availability('ServiceMonitor'),
      AlertmanagerConfig: objects.availability('AlertmanagerConfig'),
    },
    unread: unreadInput(
      objects,
      selected.some(({ spec }) => spec.metrics !== undefined),
    ),
    trouble: carriedOut.trouble(object.metadata.uid ?? ''),
  }
}

/** A cluster without Prometheus or Alertmanager resources is one that has none of them; the others it must serve. */
function unreadInput(objects: ObjectReader, needsServices: boolean): Problem | undefined {
  for (const kind of inputKinds) {
    const availability = objects.availability(kind)
    if (kind === 'Service' && !needsServices) continue
    if ((kind === 'Prometheus' || kind === 'Alertmanager') && availability.state === 'notServed') continue
    const problem = unavailable(kind, availability, 'install the custom resource definitions of Roundsman')
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Rules go to the Prometheus that scrapes our results; the chart's monitor is known by its label, and is not one that we generated. */
function monitorOfRoundsman(objects: ObjectReader): { readonly ownMonitor?: KubeObject } {
  const ownMonitor = objects.list('ServiceMonitor').find(({ metadata: { labels, ownerReferences = [] } }) => {
    return labels?.['app.kubernetes.io/name'] === 'roundsman' && ownerReferences.length === 0
  })
  return ownMonitor === undefined ? {} : { ownMonitor }
}

/** Targets that are suspended, going, or not understood have no series, so no rule speaks of them. */
function probedTarget(object: KubeObject): readonly SelectableTarget[] {
  const parsed = parseInspectionTarget(object.spec)
  const { name, labels = {}, deletionTimestamp } = object.metadata
  if (!parsed.ok || parsed.spec.suspend === true || deletionTimestamp !== undefined) return []
  return [{ name, labels, spec: parsed.spec }]
}

function decide(world: PolicyWorld, now: Instant): Plan {
  const { object, parsed } = world
  const uid = object.metadata.uid ?? ''
  if (object.metadata.deletionTimestamp !== undefined)
    return planOf({ judge: { kind: 'remove-policy', uid } })
  if (!parsed.ok) return rejected(world, invalidSpec(parsed.problems), now)
  if (world.findings.length > 0) return rejected(world, invalidSpec(world.findings), now)
  const { name, namespace = '' } = object.metadata
  const resolved = resolvePolicy({ uid, namespace, name }, parsed.spec, world.targets.map(ruleTarget))
  return world.delivery === 'Direct'
    ? decideDirect(world, resolved, now)
    : decidePrometheus(world, resolved, now)
}

type Resolved = { readonly policy: JudgedPolicy; readonly ruleProblems: readonly RuleProblem[] }

function ruleTarget({ name, spec }: SelectableTarget): { name: string; intervalMs: number } {
  return { name, intervalMs: effectiveTimes(spec).intervalMs }
}

/** Roundsman judges and tells by itself; nothing is written into the cluster. */
function decideDirect(world: PolicyWorld, resolved: Resolved, now: Instant): Plan {
  const { policy } = resolved
  const problem = allProblems([
    policy.routing.receivers.length === 0
      ? stalled(
          'ReceiverUnusable',
          'no receiver is declared, so nobody can be told; add one to spec.receivers',
        )
      : undefined,
    ...problemsOfAny(world, resolved),
  ])
  const message = `${summaryOf(world, policy)}, judged and delivered by Roundsman itself${missingNames(world)}`
  return planOf({
    desired: { kind: 'exactly', objects: [] },
    judge: { kind: 'set-policy', policy },
    ...told(world, ready(problem, 'DirectDelivery', message), { targets: world.targets.length }, now),
  })
}

/** Prometheus judges, Alertmanager tells; both by objects that their operator picks up. */
function decidePrometheus(world: PolicyWorld, resolved: Resolved, now: Instant): Plan {
  const { object, placement, availability } = world
  if (generatedKinds.some((kind) => availability[kind].state === 'syncing')) {
    return planOf({ next: { kind: 'after', ms: 1_000 } }) // Nothing can be concluded yet; what is in place stays.
  }
  const { name, namespace = '', uid } = object.metadata
  const owner = { name, namespace, ...(uid === undefined ? {} : { uid }) } // A policy in a file has no UID.
  if (world.unread !== undefined) return rejected(world, world.unread, now)
  const { policy } = resolved
  const input = { ...world, policy, owner }
  const objects = objectsOfPolicy(input)
  const writable = objects.filter(({ kind }) => availability[kind as GeneratedKind].state === 'synced')
  const problem = allProblems([
    ...objects.map(({ kind }) => unserved(kind as GeneratedKind, availability)),
    tooLarge(policy),
    ...problemsOfAny(world, resolved),
    ...unpicked(objects, placement),
  ])
  const leftOut = scrapingOf(input).covered.map((one) => `; ${coveredSentence(one)}`)
  const message = `${summaryOf(world, policy)}${pickedUp(objects, placement)}${missingNames(world)}${leftOut.join('')}`
  const fields = {
    targets: world.targets.length,
    objects: writable.map(({ kind, metadata }) => ({ kind, name: metadata.name })),
  }
  const desired: Desired =
    oversizedRules(policy).length > 0 ? { kind: 'keep' } : { kind: 'exactly', objects: writable }
  return planOf({
    desired,
    judge: { kind: 'remove-policy', uid: uid ?? '' },
    ...told(world, ready(problem, 'ObjectsApplied', message), fields, now),
  })
}

/** What stands in the way in either mode of delivery; the rules and objects that are right are in force all the same. */
function problemsOfAny(
  { targets }: PolicyWorld,
  { ruleProblems }: Resolved,
): readonly (Problem | undefined)[] {
  const leftOut = ruleProblems.map((problem) => problem.message).join('; ')
  return [
    leftOut === '' ? undefined : stalled('InvalidSpec', leftOut),
    targets.length === 0
      ? { kind: 'waiting', reason: 'NoTargets', message: 'spec.targets selects no target that is probed' }
      : undefined,
  ]
}

function unserved(kind: GeneratedKind, availability: PolicyWorld['availability']): Problem | undefined {
  return unavailable(
    kind,
    availability[kind],
    'install prometheus-operator; the policy takes effect by itself then',
  )
}

function tooLarge(policy: JudgedPolicy): Problem | undefined {
  const groups = oversizedRules(policy)
  if (groups.length === 0) return undefined
  return stalled(
    'TooLarge',
    `rule ${groups.join(', ')} over ${policy.targets.length} targets does not fit into one PrometheusRule; select fewer targets`,
  )
}

/** Someone must edit a selector, or there is nobody yet who could pick the objects up. */
function unpicked(objects: readonly KubeObject[], placement: Placement): readonly Problem[] {
  return picksOf(objects, placement).flatMap(({ kind, pick: { problem, reason } }): readonly Problem[] => {
    if (problem === undefined || reason === undefined) return []
    if (reason !== 'NoneKnown') return [stalled(reason, problem)]
    const missing = kind === 'AlertmanagerConfig' ? 'NoAlertmanager' : 'NoPrometheus'
    return [{ kind: 'waiting', reason: missing, message: problem }]
  })
}

function picksOf(
  objects: readonly KubeObject[],
  { rules, monitors, routes }: Placement,
): readonly { readonly kind: GeneratedKind; readonly pick: Picked }[] {
  const picks: Readonly<Record<GeneratedKind, Picked>> = {
    PrometheusRule: rules,
    ServiceMonitor: monitors,
    AlertmanagerConfig: routes,
  }
  return generatedKinds
    .filter((kind) => objects.some((object) => object.kind === kind))
    .map((kind) => ({ kind, pick: picks[kind] }))
}

function pickedUp(objects: readonly KubeObject[], placement: Placement): string {
  const pickers = picksOf(objects, placement).flatMap(({ kind, pick }) =>
    pick.by.map((name) => `${kind === 'AlertmanagerConfig' ? 'Alertmanager' : 'Prometheus'} ${name}`),
  )
  return pickers.length === 0 ? '' : `, for ${[...new Set(pickers)].join(' and ')}`
}

function summaryOf({ targets }: PolicyWorld, { rules }: JudgedPolicy): string {
  return `${count(rules.length, 'rule')} over ${count(targets.length, 'target')}`
}

function missingNames({ missing }: PolicyWorld): string {
  return missing.length === 0 ? '' : `; no target is called ${missing.join(', ')}`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function rejected(world: PolicyWorld, problem: Problem, now: Instant): Plan {
  return planOf(told(world, notReady(problem), {}, now)) // Keeps what is in place.
}

function ready(
  problem: Problem | undefined,
  reason: ConditionReason,
  message: string,
): readonly WantedCondition[] {
  return problem === undefined ? [{ type: 'Ready', status: 'True', reason, message }] : notReady(problem)
}

function told(
  world: PolicyWorld,
  decided: readonly WantedCondition[],
  fields: Readonly<Record<string, unknown>>,
  now: Instant,
): Pick<Plan, 'status' | 'events'> {
  const { object, trouble, delivery } = world
  const wanted = trouble === undefined ? decided : troubleConditions(object, trouble)
  if (wanted === undefined) return { status: [], events: [] }
  const observedGeneration = object.metadata.generation ?? 0
  const status = { observedGeneration, delivery, ...fields, conditions: conditions(object, wanted, now) }
  return {
    status: [{ manager: 'roundsman/controller', status }],
    events: transitionEvents(object, wanted, now),
  }
}

/** All problems in one: what must be edited outweighs what is waited for, and gives the reason. */
function allProblems(candidates: readonly (Problem | undefined)[]): Problem | undefined {
  const problems = candidates.filter((candidate) => candidate !== undefined)
  const gravest = problems.find(({ kind }) => kind === 'stalled') ?? problems[0]
  if (gravest === undefined) return undefined
  return { ...gravest, message: [...new Set(problems.map(({ message }) => message))].join('; ') }
}

function stalled(reason: ProblemReason, message: string): Problem {
  return { kind: 'stalled', reason, message }
}

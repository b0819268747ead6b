// Which Prometheus and which Alertmanagers will pick up the objects of a namespace, and the labels they must carry for it; or the
// selector that stands in the way. A selector that is null takes nothing, one that is `{}` everything; a namespace selector that is
// null takes the resource's own namespace alone (alerting.md section 2).
import type { KubeObject } from '../domain/kube-object.ts'
import { type LabelSelector, type Labels, mismatchOf, printSelector } from '../domain/label-selector.ts'
import { fixedLabels } from './generated-object.ts'
import { satisfyingLabels } from './satisfying-labels.ts'

export type Pick = {
  readonly labels: Labels // To set on the object; empty where nothing is needed or nothing would help.
  readonly by: readonly string[] // `<namespace>/<name>` of those that will pick it up, sorted.
  readonly problem?: string // One sentence; present exactly when `by` is empty, as is its reason.
  readonly reason?: UnpickedReason
}

/** SelectorUnsatisfiable and NamespaceNotSelected: someone must edit; NoneKnown: there is nobody who could pick it up yet. */
type UnpickedReason = 'SelectorUnsatisfiable' | 'NamespaceNotSelected' | 'NoneKnown'

export type Placement = {
  readonly rules: Pick
  readonly monitors: Pick
  readonly routes: Pick & {
    /** Whether one of them does not restrict the routes to the object's namespace by itself. */
    readonly addsNamespaceMatcher: boolean
  }
}

export type Surroundings = {
  readonly namespace: string // Of the policy.
  readonly prometheuses: readonly KubeObject[]
  readonly alertmanagers: readonly KubeObject[]
  readonly namespaces: readonly KubeObject[]
  /** The monitor of Roundsman's own results: rules go to a Prometheus that has those. Absent: not known. */
  readonly ownMonitor?: KubeObject
}

/** Pure and total; the order of the lists does not matter. */
export function placementFor(surroundings: Surroundings): Placement {
  const prometheuses = preferScraping(surroundings).map((object) => prometheusSelectors(object))
  const rules = firstPick(
    prometheuses.map((one) => one.rules),
    surroundings,
  )
  // Rules and the series they speak of belong into one Prometheus.
  const ofRules = prometheuses.filter((one) => rules.by.includes(one.rules.resource))
  const monitors = firstPick(
    (ofRules.length > 0 ? ofRules : prometheuses).map((one) => one.monitors),
    surroundings,
  )
  return {
    rules: orNoneKnown(rules, 'Prometheus', prometheuses.length),
    monitors: orNoneKnown(monitors, 'Prometheus', prometheuses.length),
    routes: routesPick(surroundings),
  }
}

/** How one resource selects one kind of objects. */
type Selectors = {
  readonly resource: string // `<namespace>/<name>`
  readonly title: string // With its kind, to begin a sentence.
  readonly resourceNamespace: string
  readonly objects: { readonly field: string; readonly selector: LabelSelector | null }
  readonly namespaces: { readonly field: string; readonly selector: LabelSelector | null }
}

type SelectorFields = Readonly<Record<string, LabelSelector | null | undefined>>

function prometheusSelectors(object: KubeObject): {
  readonly rules: Selectors
  readonly monitors: Selectors
} {
  return {
    rules: selectorsOf(object, 'ruleSelector', 'ruleNamespaceSelector'),
    monitors: selectorsOf(object, 'serviceMonitorSelector', 'serviceMonitorNamespaceSelector'),
  }
}

function selectorsOf(object: KubeObject, field: string, namespaceField: string): Selectors {
  const spec = (object.spec ?? {}) as SelectorFields
  return {
    resource: nameOf(object),
    title: `${object.kind} ${nameOf(object)}`,
    resourceNamespace: object.metadata.namespace ?? '',
    objects: { field, selector: spec[field] ?? null },
    namespaces: { field: namespaceField, selector: spec[namespaceField] ?? null },
  }
}

/** By namespace and name; only those that scrape Roundsman, where that is known of any. */
function preferScraping({ prometheuses, namespaces, ownMonitor }: Surroundings): readonly KubeObject[] {
  const sorted = prometheuses.toSorted(byName)
  if (ownMonitor === undefined) return sorted
  const scraping = sorted.filter((object) => {
    const { monitors } = prometheusSelectors(object)
    const surroundings = { namespace: ownMonitor.metadata.namespace ?? '', namespaces }
    const { selector } = monitors.objects
    return (
      namespaceProblem(monitors, surroundings) === undefined &&
      selector !== null &&
      mismatchOf(selector, ownMonitor.metadata.labels ?? {}) === undefined
    )
  })
  return scraping.length > 0 ? scraping : sorted
}

/** One is enough, and two would alert twice; the problem told is that of the first. */
function firstPick(candidates: readonly Selectors[], surroundings: Surroundings): Pick {
  const tries = candidates.map((selectors) => tryPick(selectors, surroundings, fixedLabels))
  return tries.find((pick) => pick.problem === undefined) ?? tries[0] ?? { labels: {}, by: [] }
}

/**
 * Every Alertmanager that can be satisfied together with those before it: which of them gets the alerts is Prometheus' choice, and
 * routes where no alert arrives do no harm.
 */
function routesPick(surroundings: Surroundings): Placement['routes'] {
  const objects = surroundings.alertmanagers.toSorted(byName)
  let labels: Labels = fixedLabels
  const picking: { readonly object: KubeObject; readonly selectors: Selectors }[] = []
  const failed: Pick[] = []
  for (const object of objects) {
    const selectors = selectorsOf(object, 'alertmanagerConfigSelector', 'alertmanagerConfigNamespaceSelector')
    const pick = tryPick(selectors, surroundings, labels)
    const together: Labels = { ...labels, ...pick.labels }
    if (pick.problem !== undefined) failed.push(pick)
    else if (picking.every((earlier) => takes(earlier.selectors, together))) {
      labels = together
      picking.push({ object, selectors })
    }
  }
  const by = picking.map((one) => one.selectors.resource)
  const pick = by.length > 0 ? { labels: withoutFixed(labels), by } : (failed[0] ?? { labels: {}, by })
  return {
    ...orNoneKnown(pick, 'Alertmanager', objects.length),
    addsNamespaceMatcher: picking.some((one) => !addsNamespaceItself(one.object, surroundings.namespace)),
  }
}

function tryPick(selectors: Selectors, surroundings: Surroundings, given: Labels): Pick {
  const { resource, title, objects } = selectors
  if (objects.selector === null) {
    return unpicked(
      'SelectorUnsatisfiable',
      `${title} takes nothing: its ${objects.field} is null; set it to {} or to a label selector`,
    )
  }
  const problem = namespaceProblem(selectors, surroundings)
  if (problem !== undefined) return unpicked('NamespaceNotSelected', problem)
  const satisfied = satisfyingLabels(objects.selector, given)
  if ('problem' in satisfied) {
    return unpicked(
      'SelectorUnsatisfiable',
      `${objects.field} of ${title} (${printSelector(objects.selector)}) ${satisfied.problem}`,
    )
  }
  return { labels: withoutFixed(satisfied.labels), by: [resource] }
}

function unpicked(reason: UnpickedReason, problem: string): Pick {
  return { labels: {}, by: [], problem, reason }
}

/** Why objects of the namespace are not looked at; namespaces are never labelled by us, so this is for people to mend. */
function namespaceProblem(
  { title, resourceNamespace, namespaces: { field, selector } }: Selectors,
  { namespace, namespaces }: { readonly namespace: string; readonly namespaces: readonly KubeObject[] },
): string | undefined {
  if (selector === null) {
    if (namespace === resourceNamespace) return undefined
    return `${title} looks only into its own namespace: its ${field} is null; set it to {} or to a selector of namespace ${namespace}`
  }
  const found = namespaces.find((object) => object.metadata.name === namespace)
  // Kubernetes itself puts this label on every namespace, also on one that is not known here.
  const labels = { 'kubernetes.io/metadata.name': namespace, ...found?.metadata.labels }
  const mismatch = mismatchOf(selector, labels)
  if (mismatch === undefined) return undefined
  return `${field} of ${title} (${printSelector(selector)}) does not match namespace ${namespace}: ${mismatch}`
}
function takes({ objects }: Selectors, labels: Labels): boolean {
  return objects.selector !== null && mismatchOf(objects.selector, labels) === undefined
}

/** Field alertmanagerConfigMatcherStrategy; OnNamespace where it is not set. */
function addsNamespaceItself(object: KubeObject, namespace: string): boolean {
  const spec = object.spec as
    | { readonly alertmanagerConfigMatcherStrategy?: { readonly type?: string } }
    | undefined
  switch (spec?.alertmanagerConfigMatcherStrategy?.type ?? 'OnNamespace') {
    case 'OnNamespace':
      return true
    case 'OnNamespaceExceptForAlertmanagerNamespace':
      return namespace !== object.metadata.namespace
    default:
      return false
  }
}

function orNoneKnown(pick: Pick, kind: 'Prometheus' | 'Alertmanager', count: number): Pick {
  if (count > 0) return pick
  return unpicked(
    'NoneKnown',
    `no ${kind} resource is known; its operator's custom resource decides which labels an object needs`,
  )
}

function withoutFixed(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => !Object.hasOwn(fixedLabels, key)))
}

function nameOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

function byName(a: KubeObject, b: KubeObject): number {
  return nameOf(a) < nameOf(b) ? -1 : 1
}

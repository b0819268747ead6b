// All objects of one policy, in the order in which they may be applied.
import type { InspectionTargetSpec } from '../api/v1alpha1/inspection-target.ts'
import type { JudgedPolicy } from '../domain/judged-policy.ts'
import type { KubeObject } from '../domain/kube-object.ts'
import { alertmanagerConfig } from './alertmanager-config.ts'
import type { Owner } from './generated-object.ts'
import type { Placement } from './placement.ts'
import { prometheusRules } from './prometheus-rule.ts'
import { type Coverage, coverageOf } from './scrape-coverage.ts'
import { scrapeEndpoints } from './scrape-endpoint.ts'
import { serviceMonitor } from './service-monitor.ts'

export type GenerateInput = {
  readonly policy: JudgedPolicy
  readonly owner: Owner
  /** The targets that the policy selects, sorted by name, suspended ones left out. */
  readonly targets: readonly { readonly name: string; readonly spec: InspectionTargetSpec }[]
  /** The Services of the policy's namespace. */
  readonly services: readonly KubeObject[]
  /** ServiceMonitors before which this policy steps back, as `monitorsBefore` of precedence.ts gives them. */
  readonly monitorsBefore?: readonly KubeObject[]
  readonly placement: Placement
}

/** PrometheusRules, then ServiceMonitor, then AlertmanagerConfig; each is left out where there is nothing to put into it. */
export function objectsOfPolicy(input: GenerateInput): readonly KubeObject[] {
  const { policy, owner, placement } = input
  const objects = [
    ...prometheusRules({ policy, owner, labels: placement.rules.labels }),
    serviceMonitor({
      owner,
      endpoints: scrapingOf(input).endpoints,
      labels: placement.monitors.labels,
    }),
    alertmanagerConfig({
      policy,
      owner,
      labels: placement.routes.labels,
      addsNamespaceMatcher: placement.routes.addsNamespaceMatcher,
    }),
  ]
  return objects.filter((object) => object !== undefined)
}

/** What the policy's ServiceMonitor scrapes, and what it leaves out because somebody else does. */
export function scrapingOf(input: GenerateInput): Coverage {
  const { owner, targets, services, monitorsBefore = [] } = input
  const endpoints = scrapeEndpoints(targets, services)
  return coverageOf({ endpoints, namespace: owner.namespace, monitors: monitorsBefore, services })
}

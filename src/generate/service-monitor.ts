// Endpoints -> ServiceMonitor: only for the applications' own metrics behind a policy's targets.
import type { KubeObject } from '../domain/kube-object.ts'
import { quoteRegex } from '../domain/promql.ts'
import { generatedObject, type Owner } from './generated-object.ts'
import type { ScrapeEndpoint } from './scrape-endpoint.ts'

/** No endpoint: no object. */
export function serviceMonitor(options: {
  readonly owner: Owner
  readonly endpoints: readonly ScrapeEndpoint[]
  readonly labels: Readonly<Record<string, string>>
}): KubeObject | undefined {
  const { owner, endpoints, labels } = options
  if (endpoints.length === 0) return undefined
  return generatedObject({
    kind: 'ServiceMonitor',
    owner,
    labels,
    // Services are selected by labels alone, and one may have none: all are, and each endpoint keeps its own by name.
    spec: { selector: {}, endpoints: endpoints.map((endpoint) => endpointOf(endpoint, owner.namespace)) },
  })
}

/** `namespace` is set last and exposed labels do not win: no exporter may forge the identity of an alert. */
function endpointOf(endpoint: ScrapeEndpoint, namespace: string): Readonly<Record<string, unknown>> {
  return {
    ...endpoint.port,
    path: endpoint.path,
    scheme: endpoint.scheme,
    ...(endpoint.interval === undefined ? {} : { interval: endpoint.interval }),
    honorLabels: false,
    relabelings: [
      {
        action: 'keep',
        sourceLabels: ['__meta_kubernetes_service_name'],
        regex: quoteRegex(endpoint.service),
      },
      { action: 'replace', targetLabel: 'namespace', replacement: namespace },
    ],
  }
}

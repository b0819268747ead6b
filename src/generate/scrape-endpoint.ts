// Which endpoints of applications Prometheus shall scrape for a set of targets. Roundsman's own results are not among them: the chart
// has the one monitor that scrapes those.
import type { InspectionTargetSpec } from '../api/v1alpha1/inspection-target.ts'
import type { KubeObject } from '../domain/kube-object.ts'

export type ScrapeEndpoint = {
  readonly service: string
  /** By the name of the Service's port; by number or container port where it has no name. */
  readonly port: { readonly port: string } | { readonly targetPort: number | string }
  readonly path: string
  readonly scheme: 'http' | 'https'
  readonly interval?: string
}

/**
 * In the order of `targets`, which is by name; no endpoint twice, for a series scraped twice is two samples of one series.
 * `services` are those of the targets' namespace; one that is not there yet is taken to listen on the very port that is named.
 */
export function scrapeEndpoints(
  targets: readonly { readonly spec: InspectionTargetSpec }[],
  services: readonly KubeObject[],
): readonly ScrapeEndpoint[] {
  const endpoints = new Map<string, ScrapeEndpoint>()
  for (const { spec } of targets) {
    if (spec.metrics === undefined) continue
    const endpoint = endpointOf(spec.metrics, services)
    const identity = endpointIdentity(endpoint)
    if (!endpoints.has(identity)) endpoints.set(identity, endpoint)
  }
  return [...endpoints.values()]
}

/** Equal exactly for endpoints whose scrapes would yield the same series. */
function endpointIdentity({ service, port, path }: Omit<ScrapeEndpoint, 'scheme' | 'interval'>): string {
  return JSON.stringify([service, port, path])
}

function endpointOf(
  metrics: NonNullable<InspectionTargetSpec['metrics']>,
  services: readonly KubeObject[],
): ScrapeEndpoint {
  const { service, scheme = 'http', path = '/metrics', interval } = metrics
  return {
    service: service.name,
    port: portOf(service.port, servicePorts(services.find((one) => one.metadata.name === service.name))),
    path,
    scheme,
    ...(interval === undefined ? {} : { interval }),
  }
}

/** A ServiceMonitor knows a Service's port by its name alone; a port without a name is found by the container's port. */
function portOf(asked: number | string, ports: readonly ServicePort[]): ScrapeEndpoint['port'] {
  if (typeof asked === 'string') return { port: asked }
  const found = ports.find((port) => port.port === asked)
  if (found?.name !== undefined && found.name !== '') return { port: found.name }
  return { targetPort: found?.targetPort ?? asked }
}

export type ServicePort = {
  readonly name?: string
  readonly port: number
  readonly targetPort?: number | string
}

export function servicePorts(service: KubeObject | undefined): readonly ServicePort[] {
  const spec = service?.spec as { readonly ports?: readonly ServicePort[] } | undefined
  return spec?.ports ?? []
}

// Which endpoints somebody's ServiceMonitor scrapes already: a second one would ingest every series twice, as errors or doubled sums.
import type { KubeObject } from '../domain/kube-object.ts'
import { type LabelSelector, matchesSelector } from '../domain/label-selector.ts'
import { matchesWhole } from '../domain/matchers.ts'
import { type ScrapeEndpoint, type ServicePort, servicePorts } from './scrape-endpoint.ts'

export type Coverage = {
  readonly endpoints: readonly ScrapeEndpoint[] // Those that nobody else scrapes.
  readonly covered: readonly CoveredEndpoint[]
}
export type CoveredEndpoint = { readonly endpoint: ScrapeEndpoint; readonly by: string } // `<namespace>/<name>` of the monitor.

/**
 * `monitors` are the ServiceMonitors that have precedence: foreign ones, and those of older policies; never the policy's own.
 * `services` are those of the endpoints' namespace; a Service that is not there is covered by nobody.
 */
export function coverageOf(options: {
  readonly endpoints: readonly ScrapeEndpoint[]
  readonly namespace: string
  readonly monitors: readonly KubeObject[]
  readonly services: readonly KubeObject[]
}): Coverage {
  const { endpoints, namespace, services } = options
  const monitors = options.monitors.filter((monitor) => looksInto(monitor, namespace)).toSorted(byName)
  const results = endpoints.map((endpoint) => {
    const service = services.find((one) => one.metadata.name === endpoint.service)
    const covering = service && monitors.find((monitor) => scrapes(monitor, endpoint, service))
    return { endpoint, by: covering === undefined ? undefined : nameOf(covering) }
  })
  return {
    endpoints: results.filter(({ by }) => by === undefined).map(({ endpoint }) => endpoint),
    covered: results.flatMap(({ endpoint, by }) => (by === undefined ? [] : [{ endpoint, by }])),
  }
}

/** One sentence for the policy's status. */
export function coveredSentence({ endpoint, by }: CoveredEndpoint): string {
  return `Service ${endpoint.service} is already scraped at ${endpoint.path} by ServiceMonitor ${by}`
}

type MonitorSpec = {
  readonly selector?: LabelSelector
  readonly namespaceSelector?: { readonly any?: boolean; readonly matchNames?: readonly string[] }
  readonly endpoints?: readonly MonitorEndpoint[]
}
type MonitorEndpoint = {
  readonly port?: string
  readonly targetPort?: number | string
  readonly path?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly relabelings?: readonly {
    readonly action?: string
    readonly sourceLabels?: readonly string[]
    readonly regex?: string
  }[]
}

function specOf(monitor: KubeObject): MonitorSpec {
  return (monitor.spec ?? {}) as MonitorSpec
}

function looksInto(monitor: KubeObject, namespace: string): boolean {
  const { any, matchNames = [] } = specOf(monitor).namespaceSelector ?? {}
  if (any === true || matchNames.includes(namespace)) return true
  return matchNames.length === 0 && monitor.metadata.namespace === namespace
}

function scrapes(monitor: KubeObject, endpoint: ScrapeEndpoint, service: KubeObject): boolean {
  const { selector = {}, endpoints = [] } = specOf(monitor)
  if (!matchesSelector(selector, service.metadata.labels ?? {})) return false
  const ports = servicePorts(service)
  return endpoints.some(
    (other) =>
      (other.path ?? '/metrics') === endpoint.path &&
      Object.keys(other.params ?? {}).length === 0 &&
      isSamePort(other, endpoint.port, ports) &&
      keeps(other, service.metadata.name),
  )
}

/** One port of the Service may be named by its name, or by the port of the container. */
function isSamePort(
  other: { readonly port?: string; readonly targetPort?: number | string },
  ours: ScrapeEndpoint['port'],
  ports: readonly ServicePort[],
): boolean {
  const found = portOf(ours, ports)
  return found !== undefined && found === portOf(other, ports)
}

function portOf(
  { port, targetPort }: { readonly port?: string; readonly targetPort?: number | string },
  ports: readonly ServicePort[],
): ServicePort | undefined {
  if (port !== undefined) return ports.find((one) => one.name === port)
  return ports.find((one) => (one.targetPort ?? one.port) === targetPort)
}

/** Only what monitors of our own do is understood: keeping one Service by its name. */
function keeps({ relabelings = [] }: MonitorEndpoint, service: string): boolean {
  return relabelings.every(({ action, sourceLabels = [], regex }) => {
    const isByName =
      action?.toLowerCase() === 'keep' && sourceLabels.join() === '__meta_kubernetes_service_name'
    return !isByName || regex === undefined || matchesWhole(regex, service)
  })
}

function nameOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

function byName(a: KubeObject, b: KubeObject): number {
  return nameOf(a) < nameOf(b) ? -1 : 1
}

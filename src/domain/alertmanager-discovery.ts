// Where the Alertmanagers are: the resources of prometheus-operator through the EndpointSlices of their governing Service, and those
// that the configuration names. Pods, not a load balancer: reads and writes of one cluster stay with one replica.
import type { KubeObject } from './kube-object.ts'

/** One Alertmanager cluster. `urls` are its replicas, without a slash at the end, sorted; empty while none is ready. */
export type AlertmanagerAddress = { readonly name: string; readonly urls: readonly string[] }

/**
 * Sorted by name, `<namespace>/<name>` for a resource. A configured one replaces the resource of the same name.
 */
export function discoverAlertmanagers(found: {
  readonly resources: readonly KubeObject[]
  readonly endpointSlices: readonly KubeObject[]
  readonly configured: readonly AlertmanagerAddress[]
}): readonly AlertmanagerAddress[] {
  const ofResources = found.resources.map((resource) => addressOf(resource, found.endpointSlices))
  const configured = found.configured.map(({ name, urls }) => ({
    name,
    urls: urls.map(withoutTrailingSlash),
  }))
  const byName = new Map([...ofResources, ...configured].map((address) => [address.name, address]))
  return [...byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

type AlertmanagerSpec = {
  readonly serviceName?: string
  readonly portName?: string
  readonly routePrefix?: string
  readonly web?: { readonly tlsConfig?: unknown }
}
type Slice = {
  readonly addressType?: string
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[]
  readonly endpoints?: readonly Endpoint[]
}
type Endpoint = {
  readonly addresses?: readonly string[]
  readonly hostname?: string
  readonly targetRef?: { readonly name?: string }
  readonly conditions?: { readonly ready?: boolean }
}

function addressOf(resource: KubeObject, slices: readonly KubeObject[]): AlertmanagerAddress {
  const { name, namespace = '' } = resource.metadata
  const spec = (resource.spec ?? {}) as AlertmanagerSpec
  const scheme = spec.web?.tlsConfig === undefined ? 'http' : 'https'
  const urls = slices
    .filter((slice) => isOfService(slice, namespace, spec.serviceName ?? 'alertmanager-operated'))
    .flatMap((slice) => hostsOf(slice as Slice, name, spec.portName ?? 'web'))
    .map((host) => withoutTrailingSlash(`${scheme}://${host}${spec.routePrefix ?? ''}`))
  return { name: `${namespace}/${name}`, urls: [...new Set(urls)].toSorted() }
}

function isOfService({ metadata }: KubeObject, namespace: string, service: string): boolean {
  return metadata.namespace === namespace && metadata.labels?.['kubernetes.io/service-name'] === service
}

/** All Alertmanagers of a namespace share the Service `alertmanager-operated`: their pods are told apart by name. */
function hostsOf(slice: Slice, alertmanager: string, portName: string): readonly string[] {
  const port = slice.ports?.find((candidate) => candidate.name === portName)?.port
  if (port === undefined) return []
  return (slice.endpoints ?? [])
    .filter((endpoint) => endpoint.conditions?.ready !== false && isPodOf(alertmanager, endpoint))
    .flatMap((endpoint) => endpoint.addresses ?? [])
    .map((address) => (slice.addressType === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`))
}

/** An endpoint that names no pod was put there by hand, for this very Service. */
function isPodOf(alertmanager: string, { hostname, targetRef }: Endpoint): boolean {
  const pod = targetRef?.name ?? hostname
  if (pod === undefined) return true
  const ordinal = pod.startsWith(`alertmanager-${alertmanager}-`)
    ? pod.slice(`alertmanager-${alertmanager}-`.length)
    : undefined
  return ordinal !== undefined && /^\d+$/.test(ordinal)
}

function withoutTrailingSlash(url: string): string {
  return url.replace(/\/+$/, '')
}

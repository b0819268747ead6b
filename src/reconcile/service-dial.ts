// Turns a reference to a Service into an address to dial, from the cluster's objects alone: the ClusterIP, or of a headless Service its
// lowest ready address. Names on the wire are `<name>.<namespace>.svc` (api.md).
import type { KubeObject } from '../domain/kube-object.ts'
import type { Dial } from '../domain/probe-entry.ts'
import type { ObjectReader } from './ports.ts'

export type ServiceReference = { readonly name: string; readonly port: number | string }

export type ServiceDial =
  | { readonly ok: true; readonly dial: Dial; readonly host: string; readonly portNumber: number }
  | { readonly ok: false; readonly message: string }

type ServicePort = { readonly name?: string; readonly port: number; readonly targetPort?: number | string }
type ServiceSpec = {
  readonly clusterIP?: string
  readonly type?: string
  readonly ports?: readonly ServicePort[]
}
type Endpoint = { readonly addresses?: readonly string[]; readonly conditions?: { readonly ready?: boolean } }

export function dialService(
  namespace: string,
  reference: ServiceReference,
  objects: ObjectReader,
): ServiceDial {
  const service = objects.get({ kind: 'Service', namespace, name: reference.name })
  if (service === undefined)
    return missing(`Service ${reference.name} does not exist in namespace ${namespace}`)
  const spec = (service.spec ?? {}) as ServiceSpec
  if (spec.type === 'ExternalName') {
    return missing(`Service ${reference.name} is of type ExternalName; give its host as a url instead`)
  }
  const port = portOf(spec, reference.port)
  if (port === undefined)
    return missing(`Service ${reference.name} has no port ${reference.port}; it has ${portsOf(spec)}`)
  const host = `${reference.name}.${namespace}.svc`
  if (spec.clusterIP !== undefined && spec.clusterIP !== '' && spec.clusterIP !== 'None') {
    return {
      ok: true,
      dial: { by: 'address', ip: spec.clusterIP, port: port.port },
      host,
      portNumber: port.port,
    }
  }
  return dialHeadless(service, { port, host, objects })
}

function dialHeadless(
  service: KubeObject,
  { port, host, objects }: { port: ServicePort; host: string; objects: ObjectReader },
): ServiceDial {
  const { name, namespace = '' } = service.metadata
  const candidates = objects
    .list('EndpointSlice', namespace)
    .filter((slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === name)
    .flatMap((slice) => readyAddresses(slice, port.name ?? ''))
    .sort((left, right) => (left.ip < right.ip ? -1 : left.ip > right.ip ? 1 : left.port - right.port))
  const [first] = candidates
  if (first === undefined) return missing(`headless Service ${name} has no ready address`)
  return { ok: true, dial: { by: 'address', ...first }, host, portNumber: first.port }
}

function readyAddresses(slice: KubeObject, portName: string): readonly { ip: string; port: number }[] {
  const ports = (slice.ports ?? []) as readonly { readonly name?: string; readonly port?: number }[]
  const port = ports.find((candidate) => (candidate.name ?? '') === portName)?.port
  if (port === undefined) return []
  return ((slice.endpoints ?? []) as readonly Endpoint[])
    .filter((endpoint) => endpoint.conditions?.ready !== false)
    .flatMap((endpoint) => (endpoint.addresses ?? []).map((ip) => ({ ip, port })))
}

function portOf({ ports = [] }: ServiceSpec, wanted: number | string): ServicePort | undefined {
  return ports.find((port) => port.name === wanted || String(port.port) === String(wanted))
}

function portsOf({ ports = [] }: ServiceSpec): string {
  return (
    ports
      .map((port) => (port.name === undefined ? `${port.port}` : `${port.name} (${port.port})`))
      .join(', ') || 'none'
  )
}

function missing(message: string): ServiceDial {
  return { ok: false, message }
}

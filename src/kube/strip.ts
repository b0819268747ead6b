// What is kept of an object in the cache: managed fields are half of its bytes and nobody reads them (kube:R2). Of the kinds that a
// cluster has by the thousand and that Roundsman only looks things up in, the fields that are looked at. Pure; the input is ours alone.
import { apiVersionOf, type KindName } from '../domain/kinds.ts'
import type { KubeObject, ObjectMeta } from '../domain/kube-object.ts'

/** The object as it goes into the cache. Items of a list come without apiVersion and kind; both are set. */
export function strip(kind: KindName, object: KubeObject): KubeObject {
  const own = { apiVersion: apiVersionOf(kind), kind }
  switch (kind) {
    case 'Service':
      return { ...own, metadata: lookedUp(object.metadata), spec: serviceSpec(object.spec) }
    case 'EndpointSlice': {
      const { addressType, endpoints, ports } = object
      return {
        ...own,
        metadata: lookedUp(object.metadata),
        addressType,
        endpoints: endpointsOf(endpoints),
        ports,
      }
    }
    case 'Namespace':
      return { ...own, metadata: lookedUp(object.metadata) }
    default:
      return { ...object, ...own, metadata: withoutBallast(object.metadata) }
  }
}

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

function withoutBallast(metadata: ObjectMeta): ObjectMeta {
  const { managedFields: _, ...kept } = metadata as ObjectMeta & { managedFields?: unknown }
  if (kept.annotations?.[lastApplied] === undefined) return kept
  const { [lastApplied]: __, ...annotations } = kept.annotations
  return { ...kept, annotations }
}

function lookedUp({
  name,
  namespace,
  uid,
  resourceVersion,
  labels,
  deletionTimestamp,
}: ObjectMeta): ObjectMeta {
  return defined({ name, namespace, uid, resourceVersion, labels, deletionTimestamp }) as ObjectMeta
}

function serviceSpec(spec: unknown): object {
  const { clusterIP, type, ports, externalName } = fieldsOf(spec)
  return defined({ clusterIP, type, ports, externalName })
}

function endpointsOf(endpoints: unknown): readonly object[] {
  if (!Array.isArray(endpoints)) return [] // Absent and null are legal: a Service without pods.
  return endpoints.map((endpoint) => {
    const { addresses, conditions, hostname, targetRef } = fieldsOf(endpoint)
    const { kind, name } = fieldsOf(targetRef)
    return defined({ addresses, conditions, hostname, targetRef: targetRef && { kind, name } })
  })
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function defined(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

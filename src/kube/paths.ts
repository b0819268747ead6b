// Where the API serves a kind: URL paths and the resource's name in words, from the table of kinds. Pure.
import { type KindName, kinds } from '../domain/kinds.ts'
import type { Ref } from '../domain/kube-object.ts'

/** The collection of a kind, in one namespace or in the whole cluster. */
export function collectionPath(kind: KindName, namespace?: string): string {
  const { group, version, plural, namespaced } = kinds[kind]
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const scope = namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${root}${scope}/${plural}`
}

export function objectPath(ref: Ref, subresource?: 'status'): string {
  const path = `${collectionPath(ref.kind, ref.namespace)}/${encodeURIComponent(ref.name)}`
  return subresource === undefined ? path : `${path}/${subresource}`
}

/** As RBAC and error messages name it: `services`, `prometheusrules.monitoring.coreos.com`. */
export function resourceName(kind: KindName): string {
  const { group, plural } = kinds[kind]
  return group === '' ? plural : `${plural}.${group}`
}

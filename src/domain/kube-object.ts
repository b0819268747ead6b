// A Kubernetes object as it lies in a cache or a file: unparsed beyond its metadata, never mutated.
import type { KindName } from './kinds.ts'

export type OwnerReference = {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
}

export type ObjectMeta = {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly ownerReferences?: readonly OwnerReference[]
}

export type KubeObject = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
  readonly [field: string]: unknown
}

/** Names one object. `namespace` is '' for cluster-scoped kinds. */
export type Ref = { readonly kind: KindName; readonly namespace: string; readonly name: string }

/** `Kind/namespace/name`, unique over all kinds; what the work queue and the indexes carry. */
export type ObjectKey = string & { readonly __brand: 'ObjectKey' }

export function keyOf(ref: Ref): ObjectKey {
  return `${ref.kind}/${ref.namespace}/${ref.name}` as ObjectKey
}

export function refOf(key: ObjectKey): Ref {
  const [kind = '', namespace = '', name = ''] = key.split('/')
  return { kind: kind as KindName, namespace, name }
}

export function refOfObject(object: KubeObject): Ref {
  return {
    kind: object.kind as KindName,
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
  }
}

/** Names one version of one spec: `<uid>@<generation>`; an object made anew under an old name begins with generation 1 again. */
export function revisionOf({ metadata: { uid = '', generation = 0 } }: KubeObject): string {
  return `${uid}@${generation}`
}

// What every generated object has in common: its name, the marks of its owner, and the hash by which a needless write is seen.
import { hash } from 'node:crypto'
import { apiVersionOf, type GeneratedKind } from '../domain/kinds.ts'
import type { KubeObject, OwnerReference } from '../domain/kube-object.ts'

/** The policy that an object is made for. Without a UID (the command `generate`) the object carries no owner. */
export type Owner = { readonly namespace: string; readonly name: string; readonly uid?: string }

export const managedByLabel = 'app.kubernetes.io/managed-by'
const ownerUidLabel = 'roundsman.dev/owner-uid'
const policyAnnotation = 'roundsman.dev/policy'
const hashAnnotation = 'roundsman.dev/hash'

/** Labels that every generated object carries; a selector that wants other values of them cannot be satisfied. */
export const fixedLabels: Readonly<Record<string, string>> = { [managedByLabel]: 'roundsman' }

/**
 * The object as it shall be, byte-equal for equal input. `labels` are what a Prometheus or an Alertmanager selects by.
 * The hash covers spec, labels and annotations but no mark of the owner, so the command `generate` prints the same one.
 */
export function generatedObject(options: {
  readonly kind: GeneratedKind
  readonly owner: Owner
  readonly suffix?: string
  readonly labels: Readonly<Record<string, string>>
  readonly spec: Readonly<Record<string, unknown>>
}): KubeObject {
  const { kind, owner, spec } = options
  const labels = { ...options.labels, ...fixedLabels }
  const annotations = { [policyAnnotation]: `${owner.namespace}/${owner.name}` }
  const apiVersion = apiVersionOf(kind)
  const contents = hashOf({ apiVersion, kind, labels, annotations, spec })
  return {
    apiVersion,
    kind,
    metadata: {
      name: generatedName(owner.name, options.suffix),
      namespace: owner.namespace,
      labels: sortedByKey(owner.uid === undefined ? labels : { ...labels, [ownerUidLabel]: owner.uid }),
      annotations: sortedByKey({ ...annotations, [hashAnnotation]: contents }),
      ...(owner.uid === undefined ? {} : { ownerReferences: [ownerReference(owner.name, owner.uid)] }),
    },
    spec,
  }
}

/**
 * `roundsman-<policy>`, at most 63 characters: longer ones are cut and end in 8 hexadecimal digits of the policy's name,
 * because prometheus-operator builds ConfigMap keys of it, and too long a key breaks the rules of a whole Prometheus.
 */
export function generatedName(policy: string, suffix?: string): string {
  const end = suffix === undefined ? '' : `-${suffix}`
  const whole = `roundsman-${policy}${end}`
  if (whole.length <= nameLengthMax) return whole
  const mark = `-${hash('sha256', policy).slice(0, 8)}${end}`
  return `${`roundsman-${policy}`.slice(0, nameLengthMax - mark.length).replace(/[-.]+$/, '')}${mark}`
}
const nameLengthMax = 63

/** Of the value whatever the order of its keys: 32 hexadecimal digits. */
function hashOf(value: unknown): string {
  const text = JSON.stringify(value, (_key, part) => (isPlainObject(part) ? sortedByKey(part) : part))
  return hash('sha256', text).slice(0, 32)
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sortedByKey<Value>(record: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** No blockOwnerDeletion: setting it needs a right on the owner's finalizers. */
function ownerReference(name: string, uid: string): OwnerReference {
  return { apiVersion: apiVersionOf('AlertPolicy'), kind: 'AlertPolicy', name, uid, controller: true }
}

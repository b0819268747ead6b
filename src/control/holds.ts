// Whether an object as seen already holds everything we would apply, so that the write can be spared (kube:A5). Fields that others
// added (defaults, webhooks, people) do not count.
import type { KubeObject } from '../domain/kube-object.ts'

const hashAnnotation = 'roundsman.dev/hash'

/** Lists whose items have an identity of their own: others may add items, order means nothing. All other lists are compared whole. */
const keyedLists: ReadonlyMap<string, string> = new Map([
  ['metadata.ownerReferences', 'uid'],
  ['spec.groups', 'name'],
])

/** True when `seen` carries the hash of this desired state and every field of `desired` with an equal value. */
export function holdsAll(seen: KubeObject, desired: KubeObject): boolean {
  if (seen.metadata.annotations?.[hashAnnotation] !== desired.metadata.annotations?.[hashAnnotation])
    return false
  return holds(seen, desired, '')
}

function holds(seen: unknown, wanted: unknown, path: string): boolean {
  if (wanted === undefined) return true
  if (Array.isArray(wanted)) return Array.isArray(seen) && holdsItems(seen, wanted, path)
  if (typeof wanted !== 'object' || wanted === null) return seen === wanted
  if (typeof seen !== 'object' || seen === null || Array.isArray(seen)) return false
  const fields = new Map(Object.entries(seen))
  return Object.entries(wanted).every(([name, value]) =>
    holds(fields.get(name), value, path === '' ? name : `${path}.${name}`),
  )
}

function holdsItems(seen: readonly unknown[], wanted: readonly unknown[], path: string): boolean {
  const key = keyedLists.get(path)
  if (key === undefined) {
    return (
      seen.length === wanted.length && wanted.every((item, index) => holds(seen[index], item, `${path}[]`))
    )
  }
  const byKey = new Map(seen.map((item) => [(item as Record<string, unknown>)[key], item]))
  return wanted.every((item) => holds(byKey.get((item as Record<string, unknown>)[key]), item, `${path}[]`))
}

// Whose ServiceMonitor goes first where two would scrape one endpoint: a foreign one before ours, an older policy before a younger one.
import type { KubeObject } from '../domain/kube-object.ts'
import { fixedLabels, managedByLabel } from './generated-object.ts'

/**
 * Of all ServiceMonitors, those before which `policy` steps back. Deleting the older policy lets the next one take over, because its
 * monitor is then gone. A monitor that names a policy which is not there counts as foreign.
 */
export function monitorsBefore(options: {
  readonly policy: KubeObject
  readonly policies: readonly KubeObject[]
  readonly monitors: readonly KubeObject[]
}): readonly KubeObject[] {
  const { policy, policies, monitors } = options
  const byUid = new Map(policies.map((one) => [one.metadata.uid, one]))
  return monitors.filter((monitor) => {
    const owner = monitor.metadata.ownerReferences?.find((reference) => reference.controller === true)
    if (owner?.uid !== undefined && owner.uid === policy.metadata.uid) return false
    const ownerPolicy = owner === undefined ? undefined : byUid.get(owner.uid)
    const isOurs = monitor.metadata.labels?.[managedByLabel] === fixedLabels[managedByLabel]
    return !isOurs || ownerPolicy === undefined || isOlder(ownerPolicy, policy)
  })
}

function isOlder(a: KubeObject, b: KubeObject): boolean {
  const age = ({ metadata }: KubeObject) => `${metadata.creationTimestamp ?? ''}/${metadata.uid ?? ''}`
  return age(a) < age(b)
}

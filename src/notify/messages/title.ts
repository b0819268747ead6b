// The first line of every message. It is ours alone: no label, annotation or template of a tenant stands in it but names.
import type { Severity } from '../../api/v1alpha1/alert-policy.ts'
import { severityOrder } from '../../domain/grouping.ts'
import type { Alert, Notification } from '../../evaluate/ports.ts'
import { oneLine } from './text-cleaning.ts'
import type { Words } from './words.ts'

/** `[FIRING:2] critical shop/front`; both counts when some fire and some are resolved. The severity is the worst of what fires. */
export function titleOf(notification: Notification, words: Words): string {
  const firing = notification.alerts.filter(({ status }) => status === 'firing')
  const resolved = notification.alerts.filter(({ status }) => status === 'resolved')
  const counts = [
    ...(firing.length > 0 ? [`${words.firing}:${firing.length}`] : []),
    ...(resolved.length > 0 ? [`${words.resolved}:${resolved.length}`] : []),
  ]
  const severity = worstSeverity(firing.length > 0 ? firing : resolved)
  const parts = [`[${counts.join(', ')}]`, ...(severity === undefined ? [] : [words.severity[severity]])]
  return [...parts, printPolicy(notification)].join(' ')
}

export function printPolicy({ policy }: Notification): string {
  return oneLine(`${policy.namespace}/${policy.name}`, 256)
}

/** Undefined for a text that is no severity of ours. */
export function severityOf(alert: Alert): Severity | undefined {
  const label = alert.labels.get('severity') ?? ''
  return Object.hasOwn(severityOrder, label) ? (label as Severity) : undefined
}

function worstSeverity(alerts: readonly Alert[]): Severity | undefined {
  return alerts
    .map(severityOf)
    .filter((severity) => severity !== undefined)
    .toSorted((a, b) => severityOrder[a] - severityOrder[b])[0]
}

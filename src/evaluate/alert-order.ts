// The order in which people should see alerts: the worst first, of equal ones the oldest.
import type { Severity } from '../api/v1alpha1/alert-policy.ts'
import { severityOrder } from '../domain/grouping.ts'
import type { Alert } from './ports.ts'

export function mostUrgentFirst(a: Alert, b: Alert): number {
  const byText = a.fingerprint < b.fingerprint ? -1 : 1 // Any order will do, as long as it is the same each time.
  return urgency(a) - urgency(b) || a.startsAt - b.startsAt || byText
}

/** 0 is the most urgent. */
export function urgency(alert: Alert): number {
  return severityOrder[severityOf(alert)]
}

/** Every alert of ours carries one of our severities. */
export function severityOf(alert: Alert): Severity {
  return (alert.labels.get('severity') ?? 'debug') as Severity
}

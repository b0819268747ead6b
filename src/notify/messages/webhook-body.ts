// The body of a webhook: Alertmanager's version 4, so that what was written for Alertmanager works unchanged.
import type { Instant } from '../../domain/clock.ts'
import type { Alert, Notification } from '../../evaluate/ports.ts'

/** Keeps the body far under the 8 MiB that receivers written for Alertmanager may expect. */
const alertsMax = 500

/** What Alertmanager writes for the end of an alert that still fires. */
const notEnded = '0001-01-01T00:00:00Z'

/** Built as an object and serialised once: no value can change the shape. `__proto__` is a legal label name and stays one. */
export function webhookBody(notification: Notification): string {
  const { policy, receiver, groupKey, groupLabels, status, alerts } = notification
  const shown = alerts.slice(0, alertsMax)
  return JSON.stringify({
    receiver: `${policy.namespace}/${policy.name}/${receiver.name}`,
    status,
    version: '4',
    groupKey,
    truncatedAlerts: alerts.length - shown.length,
    externalURL: '',
    groupLabels: Object.fromEntries(groupLabels),
    commonLabels: commonOf(alerts.map(({ labels }) => labels)),
    commonAnnotations: commonOf(alerts.map(({ annotations }) => annotations)),
    alerts: shown.map(alertBody),
  })
}

function alertBody(alert: Alert) {
  return {
    status: alert.status,
    labels: Object.fromEntries(alert.labels),
    annotations: Object.fromEntries(alert.annotations),
    startsAt: printInstant(alert.startsAt),
    endsAt: alert.endsAt === undefined ? notEnded : printInstant(alert.endsAt),
    generatorURL: '',
    fingerprint: alert.fingerprint,
  }
}

/** Names and values that all of the maps share. */
function commonOf(maps: readonly ReadonlyMap<string, string>[]): Readonly<Record<string, string>> {
  const [first = new Map<string, string>(), ...others] = maps
  const shared = [...first].filter(([name, value]) => others.every((map) => map.get(name) === value))
  return Object.fromEntries(shared)
}

function printInstant(instant: Instant): string {
  return new Date(instant).toISOString()
}

// Names one state of one group for one sink: the same key is the same news, so a repeat of it can be recognised.
import { createHash } from 'node:crypto'
import type { Notification } from '../evaluate/ports.ts'

/** 32 hex digits over policy, receiver, group and the sorted (fingerprint, status, startsAt) of all alerts. */
export function deliveryKey(notification: Notification): string {
  const { policy, receiver, groupKey, alerts } = notification
  const states = alerts.map(({ fingerprint, status, startsAt }) => [fingerprint, status, startsAt].join(' '))
  return digest([policy.uid, receiver.name, groupKey, ...states.toSorted()])
}

/** 32 hex digits that all messages about one group have in common. */
export function groupDigest(notification: Notification): string {
  return digest([notification.policy.uid, notification.receiver.name, notification.groupKey])
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
}

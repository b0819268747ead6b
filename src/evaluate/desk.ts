// What the dispatcher holds for one policy: its groups, and how deliveries to each of its receivers went.
import type { Receiver } from '../api/v1alpha1/alert-policy.ts'
import type { Instant } from '../domain/clock.ts'
import type { JudgedPolicy } from '../domain/judged-policy.ts'
import { urgency } from './alert-order.ts'
import type { Group, GroupMessage } from './group.ts'
import type { Alert, Delivery, Notification, ReceiverRecord } from './ports.ts'

type History = Omit<ReceiverRecord, 'receiver' | 'waiting'>

export class Desk {
  policy: JudgedPolicy
  readonly groups = new Map<string, Group>() // By key.
  /** Present once the policy was removed: until then its last messages are tried. */
  leavesAtMs: number | undefined
  readonly #histories = new Map<string, History>() // By receiver.
  readonly #inFlight = new Map<string, number>() // By receiver: its messages on their way.

  constructor(policy: JudgedPolicy) {
    this.policy = policy
  }

  /** Takes an edited policy: `keysOf` gives the groups an alert belongs into from now on; from all others it is taken out. */
  adopt(policy: JudgedPolicy, keysOf: (alert: Alert) => readonly string[]): void {
    this.policy = policy
    this.leavesAtMs = undefined
    for (const group of this.groups.values()) {
      const misplaced = group.alerts().filter((alert) => !keysOf(alert).includes(group.key))
      for (const { fingerprint } of misplaced) group.drop(fingerprint)
      if (group.isEmpty) this.groups.delete(group.key)
    }
    const names = new Set(policy.routing.receivers.map(({ name }) => name))
    for (const name of this.#histories.keys()) if (!names.has(name)) this.#histories.delete(name)
  }

  /** Whether the policy was removed and nothing is left to tell. */
  get isDone(): boolean {
    return this.leavesAtMs !== undefined && this.groups.size === 0
  }

  /** Deletes exactly this group, not a younger one of its key. */
  forget(group: Group): void {
    if (this.groups.get(group.key) === group) this.groups.delete(group.key)
  }

  setInFlight(group: Group, isInFlight: boolean): void {
    group.isInFlight = isInFlight
    const change = isInFlight ? 1 : -1
    this.#inFlight.set(group.receiver, (this.#inFlight.get(group.receiver) ?? 0) + change)
  }

  hasRoom(receiver: string, inFlightMax: number): boolean {
    return (this.#inFlight.get(receiver) ?? 0) < inFlightMax
  }

  /** When the first group may be looked at: not in flight, and its receiver has room. Undefined when there is none. */
  nextFlushAtMs(inFlightMax: number): number | undefined {
    let first: number | undefined
    for (const { isInFlight, receiver, flushAtMs } of this.groups.values()) {
      if (isInFlight || !this.hasRoom(receiver, inFlightMax)) continue
      first = Math.min(first ?? flushAtMs, flushAtMs)
    }
    return first
  }

  /** Groups whose time has come: those with the most urgent alert first, of equal ones the longest due. */
  due(nowMs: number): readonly Group[] {
    const urgencyOf = (group: Group) => Math.min(...group.alerts().map(urgency))
    return [...this.groups.values()]
      .filter(({ isInFlight, flushAtMs }) => !isInFlight && flushAtMs <= nowMs)
      .map((group) => ({ group, urgency: urgencyOf(group) }))
      .toSorted((a, b) => a.urgency - b.urgency || a.group.flushAtMs - b.group.flushAtMs)
      .map(({ group }) => group)
  }

  /** Undefined when the policy has no such receiver any more. */
  notification(group: Group, message: GroupMessage): Notification | undefined {
    const receiver = this.receiver(group.receiver)
    if (receiver === undefined) return undefined
    const { alerts, repeat, mayBeRepeat } = message
    const { uid, namespace, name } = this.policy
    return {
      policy: { uid, namespace, name },
      receiver,
      groupKey: group.key,
      groupLabels: group.labels,
      status: alerts.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
      alerts,
      repeat,
      mayBeRepeat,
    }
  }

  receiver(name: string): Receiver | undefined {
    return this.policy.routing.receivers.find((receiver) => receiver.name === name)
  }

  record(receiver: string, delivery: Delivery, now: Instant): void {
    const { lastFailure, failingSince, lastDeliveryAt } = this.#histories.get(receiver) ?? {}
    if (delivery.result === 'delivered') {
      this.#histories.set(receiver, {
        lastDeliveryAt: now,
        ...(lastFailure !== undefined && { lastFailure }),
      })
      return
    }
    const { reason, message } = delivery
    this.#histories.set(receiver, {
      ...(lastDeliveryAt !== undefined && { lastDeliveryAt }),
      lastFailure: { at: now, reason, message },
      failingSince: failingSince ?? now,
    })
  }

  records(): readonly ReceiverRecord[] {
    return this.policy.routing.receivers.map(({ name }) => {
      const failing = [...this.groups.values()].filter(
        (group) => group.receiver === name && group.failures > 0,
      )
      return { receiver: name, ...this.#histories.get(name), waiting: failing.length }
    })
  }
}

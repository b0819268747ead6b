// Tells receivers of alerts: puts each alert into the groups that its policy's routing asks for, looks at a group when its time has come,
// and offers a message that failed again until it is delivered. What to tell is the group's decision; how, the notifier's.
import type { Clock } from '../domain/clock.ts'
import { firstFlushInMs, groupKeyOf, groupLabelsOf, receiversFor, retryInMs } from '../domain/grouping.ts'
import type { JudgedPolicy } from '../domain/judged-policy.ts'
import type { Log } from '../domain/log.ts'
import { severityOf } from './alert-order.ts'
import { Desk } from './desk.ts'
import { Group, type GroupMessage } from './group.ts'
import type { Alert, Delivery, Notification, Notifier, ReceiverRecord } from './ports.ts'
import type { Silences } from './silences.ts'

export type DispatcherOptions = {
  readonly clock: Clock
  readonly random: () => number // In [0, 1): jitter of retries.
  readonly notifier: Notifier
  readonly silences: Silences
  readonly log: Log
  /** Called when the ends of alerts could not be told for a day and were given up. */
  readonly onExpired: (expired: {
    readonly notification: Pick<Notification, 'policy' | 'receiver'>
    readonly alerts: number
  }) => void
}

/** A sink that hangs holds up at most this many messages; other receivers have their own. */
const inFlightPerReceiver = 4
const parkedMs = 600_000 // After a permanent failure; an edit of policy or Secret ends it early.
const farewellMs = 600_000 // How long a removed policy's last messages are tried.
const expiryMs = 86_400_000

export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #desks = new Map<string, Desk>() // By UID of the policy.
  readonly #inFlight = new Set<Promise<void>>()
  #cancelTimer: () => void = () => {}
  #isStopped = false

  constructor(options: DispatcherOptions) {
    this.#options = options
  }

  /** Routing holds at once: alerts that no longer belong into a group leave it untold, messages that failed are offered again. */
  setPolicy(policy: JudgedPolicy): void {
    const desk = this.#desks.get(policy.uid) ?? new Desk(policy)
    this.#desks.set(policy.uid, desk)
    desk.adopt(policy, (alert) => groupsOf(policy, alert).map(({ key }) => key))
    this.#hurry(desk, () => true)
  }

  /** What was told to fire is told to have ended, then the policy is forgotten; submit those ends first. */
  removePolicy(uid: string): void {
    const desk = this.#desks.get(uid)
    if (desk === undefined) return
    desk.leavesAtMs = this.#options.clock.monotonicMs() + farewellMs
    this.#schedule()
  }

  /** Every alert of the policy that fires, each time, and each that ended, once. */
  submit(policyUid: string, alerts: readonly Alert[]): void {
    const desk = this.#desks.get(policyUid)
    if (desk === undefined) return
    for (const alert of alerts) {
      for (const place of groupsOf(desk.policy, alert)) this.#groupFor(desk, place, alert)?.put(alert)
    }
    this.#schedule()
  }

  /** A Secret's value changed: what failed for receivers that refer to it is offered again now. */
  retry(receivers: (policy: JudgedPolicy) => readonly string[]): void {
    for (const desk of this.#desks.values()) {
      const named = new Set(receivers(desk.policy))
      this.#hurry(desk, ({ receiver }) => named.has(receiver))
    }
  }

  receivers(policyUid: string): readonly ReceiverRecord[] {
    return this.#desks.get(policyUid)?.records() ?? []
  }

  /** Starts nothing more, forgets all groups and resolves when no message is in flight. `start` takes up work again. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelTimer()
    for (const [uid, desk] of this.#desks) {
      desk.groups.clear()
      if (desk.leavesAtMs !== undefined) this.#desks.delete(uid)
    }
    await Promise.allSettled(this.#inFlight)
  }

  start(): void {
    this.#isStopped = false
    this.#schedule()
  }

  #groupFor(desk: Desk, place: Place, alert: Alert): Group | undefined {
    const known = desk.groups.get(place.key)
    if (known !== undefined || alert.status === 'resolved') return known
    const { clock } = this.#options
    const { startsAt } = alert
    const waitMs = firstFlushInMs({ startsAt, now: clock.now(), waitMs: desk.policy.routing.groupWaitMs })
    const group = new Group({ ...place, flushAtMs: clock.monotonicMs() + waitMs })
    desk.groups.set(place.key, group)
    return group
  }

  /** What failed, or may be failing just now for a reason that is no more, is offered again at once. */
  #hurry(desk: Desk, belongs: (group: Group) => boolean): void {
    const nowMs = this.#options.clock.monotonicMs()
    for (const group of desk.groups.values()) {
      if (!belongs(group)) continue
      if (group.isInFlight) group.isHurried = true
      else if (group.failures > 0) group.flushAtMs = nowMs
    }
    this.#schedule()
  }

  /** One timer for all groups: until the first one whose receiver has room for a message. */
  #schedule(): void {
    this.#cancelTimer()
    for (const [uid, desk] of this.#desks) if (desk.isDone) this.#desks.delete(uid)
    if (this.#isStopped) return
    const times = [...this.#desks.values()]
      .map((desk) => desk.nextFlushAtMs(inFlightPerReceiver))
      .filter((timeMs) => timeMs !== undefined)
    if (times.length === 0) return
    const first = times.reduce((earliest, timeMs) => Math.min(earliest, timeMs))
    const delayMs = Math.max(0, first - this.#options.clock.monotonicMs())
    this.#cancelTimer = this.#options.clock.after(delayMs, () => this.#flushDue())
  }

  #flushDue(): void {
    const nowMs = this.#options.clock.monotonicMs()
    for (const desk of this.#desks.values()) {
      for (const group of desk.due(nowMs)) {
        if (desk.hasRoom(group.receiver, inFlightPerReceiver)) this.#flush(desk, group, nowMs)
      }
    }
    this.#schedule()
  }

  #flush(desk: Desk, group: Group, nowMs: number): void {
    const { groupIntervalMs, repeatMs } = desk.policy.routing
    const now = this.#options.clock.now()
    this.#expire(desk, group)
    const isMuted = ({ labels }: Alert) => this.#options.silences.muting(labels, now).length > 0
    const message = group.messageAt({ atMs: nowMs, repeatMs, isMuted })
    group.flushAtMs = nowMs + groupIntervalMs
    if (message !== undefined) this.#send(desk, group, message, nowMs)
    else if (group.isEmpty || desk.leavesAtMs !== undefined) desk.groups.delete(group.key)
  }

  #send(desk: Desk, group: Group, message: GroupMessage, startedMs: number): void {
    const notification = desk.notification(group, message)
    if (notification === undefined) return // Its receiver was taken away between two evaluations.
    group.isHurried = false
    desk.setInFlight(group, true)
    const sending = this.#deliver(notification).then((delivery) => {
      desk.setInFlight(group, false)
      desk.record(group.receiver, delivery, this.#options.clock.now())
      if (delivery.result === 'delivered') group.delivered(message, startedMs)
      else this.#postpone(desk, group, message, delivery)
      if (group.isEmpty) desk.forget(group)
      this.#inFlight.delete(sending)
      this.#schedule()
    })
    this.#inFlight.add(sending)
  }

  async #deliver(notification: Notification): Promise<Delivery> {
    try {
      return await this.#options.notifier.deliver(notification)
    } catch (error) {
      this.#options.log.error('the notifier rejected, which it must not', { error })
      const message = 'a defect of Roundsman; its log tells more'
      return { result: 'failed', reason: 'InternalError', message, permanent: false, mayHaveArrived: true }
    }
  }

  #postpone(desk: Desk, group: Group, message: GroupMessage, delivery: Failure): void {
    const { clock, random } = this.#options
    group.failed(message, delivery.mayHaveArrived)
    const nowMs = clock.monotonicMs()
    const backoffMs = delivery.permanent && !group.isHurried ? parkedMs : retryInMs(group.failures, random)
    group.flushAtMs = nowMs + Math.max(backoffMs, delivery.retryAfterMs ?? 0)
    // A removed policy's receiver may have gone with its Secret; it is not waited for.
    const { leavesAtMs = Number.POSITIVE_INFINITY } = desk
    if (group.flushAtMs > leavesAtMs || (delivery.permanent && desk.leavesAtMs !== undefined))
      desk.forget(group)
  }

  #expire(desk: Desk, group: Group): void {
    const alerts = group.expire(this.#options.clock.now() - expiryMs)
    const receiver = desk.receiver(group.receiver)
    if (alerts === 0 || receiver === undefined) return
    const { uid, namespace, name } = desk.policy
    this.#options.log.warn('gave up telling of alerts that ended a day ago', {
      namespace,
      policy: name,
      receiver: group.receiver,
      alerts,
    })
    this.#options.onExpired({ notification: { policy: { uid, namespace, name }, receiver }, alerts })
  }
}

type Failure = Extract<Delivery, { result: 'failed' }>
type Place = { readonly key: string; readonly receiver: string; readonly labels: ReadonlyMap<string, string> }

/** The groups that an alert belongs into: one a receiver. */
function groupsOf(policy: JudgedPolicy, alert: Alert): readonly Place[] {
  const { namespace, name, routing } = policy
  const labels = groupLabelsOf(routing.groupBy, alert.labels)
  const known = new Set(routing.receivers.map((receiver) => receiver.name))
  return receiversFor(routing, severityOf(alert))
    .filter((receiver) => known.has(receiver))
    .map((receiver) => ({ key: groupKeyOf({ namespace, policy: name, receiver }, labels), receiver, labels }))
}

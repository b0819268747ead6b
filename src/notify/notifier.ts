// Takes one message to one receiver: finds its channel, sets the deadline, and tells log and metrics how it went. Makes exactly one
// attempt; when to try again is the caller's decision.
import type { Clock } from '../domain/clock.ts'
import type { Log } from '../domain/log.ts'
import type { SinkPolicy } from '../domain/sink-policy.ts'
import type { Delivery, Notification, Notifier } from '../evaluate/ports.ts'
import type { Attempt, Channel, HostResolver, ObservedAttempt, SecretReader } from './ports.ts'
import { isPermanent } from './reasons.ts'
import { channelOf, createSenders, type Senders } from './registry.ts'
import { SinkFailure } from './sink-failure.ts'

export type NotifierOptions = {
  readonly secrets: SecretReader
  readonly sinks: SinkPolicy
  readonly resolver: HostResolver
  readonly clock: Clock
  readonly log: Log
  readonly observe: (attempt: ObservedAttempt) => void
  /** What connecting, and the whole of an attempt, may take. Default 3 s and 5 s. */
  readonly connectMs?: number
  readonly attemptMs?: number
  readonly certificateAuthorities?: readonly string[]
}

export type ClosableNotifier = Notifier & {
  /** Aborts what is in flight after `graceMs` and resolves when nothing is. New messages fail as `Timeout` from then on. */
  close(graceMs: number): Promise<void>
}

export function createNotifier(options: NotifierOptions): ClosableNotifier {
  const { clock, log, observe, attemptMs = 5_000 } = options
  const senders = createSenders({ connectMs: 3_000, certificateAuthorities: [], ...options })
  const closing = new AbortController()
  const inFlight = new Set<Promise<Delivery>>()

  async function attemptOnce(channel: Channel, notification: Notification): Promise<Attempt> {
    if (closing.signal.aborted)
      return { result: 'failed', reason: 'Timeout', message: 'Roundsman is stopping' }
    const deadline = new AbortController()
    const stopWaiting = clock.after(attemptMs, () => deadline.abort())
    try {
      return await send(senders, channel, notification, AbortSignal.any([deadline.signal, closing.signal]))
    } catch (error) {
      if (error instanceof SinkFailure) return error.toAttempt()
      log.error('a channel failed in a way that it should not', { ...fieldsOf(notification), channel, error })
      return {
        result: 'failed',
        reason: 'InternalError',
        message: 'a defect of Roundsman; its log tells more',
      }
    } finally {
      stopWaiting()
    }
  }

  async function deliver(notification: Notification): Promise<Delivery> {
    const channel = channelOf(notification.receiver)
    if (channel === undefined) return toDelivery(unknownChannel)
    const attempt = await attemptOnce(channel, notification)
    observe({ channel, result: attempt.result, reason: attempt.reason })
    tell(log, channel, notification, attempt)
    return toDelivery(attempt)
  }

  return {
    deliver(notification) {
      const delivery = deliver(notification).finally(() => inFlight.delete(delivery))
      inFlight.add(delivery)
      return delivery
    },
    async close(graceMs) {
      const stopWaiting = clock.after(graceMs, () => closing.abort())
      await Promise.allSettled(inFlight)
      stopWaiting()
      closing.abort()
    },
  }
}

/** The schema admits no such receiver; one from a newer schema may still be read by this program. */
const unknownChannel: Attempt = {
  result: 'failed',
  reason: 'InternalError',
  message: 'the receiver has no channel that this version of Roundsman knows',
}

function send<Kind extends Channel>(
  senders: Senders,
  channel: Kind,
  notification: Notification,
  signal: AbortSignal,
): Promise<Attempt> {
  const settings = notification.receiver[channel]
  if (settings === undefined) throw new Error(`bug of Roundsman: receiver has no ${channel}`)
  return senders[channel].send({ settings, notification }, signal)
}

function toDelivery(attempt: Attempt): Delivery {
  if (attempt.result === 'delivered') return { result: 'delivered' }
  const { reason, message, retryAfterMs, mayHaveArrived = false } = attempt
  const permanent = isPermanent(reason)
  return {
    result: 'failed',
    reason,
    message,
    permanent,
    mayHaveArrived,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  }
}

function tell(log: Log, channel: Channel, notification: Notification, attempt: Attempt): void {
  const { reason, message } = attempt
  const fields = {
    ...fieldsOf(notification),
    channel,
    reason,
    ...(message !== undefined && { detail: message }),
  }
  if (attempt.result === 'failed') log.warn('could not deliver a message', fields)
  else log.info('delivered a message', { ...fields, alerts: notification.alerts.length })
}

function fieldsOf({ policy, receiver }: Notification) {
  return { namespace: policy.namespace, policy: policy.name, receiver: receiver.name }
}

// What the channels need from the rest of the program, and what a channel is. Types only.
import type { Receiver } from '../api/v1alpha1/alert-policy.ts'
import type { Clock } from '../domain/clock.ts'
import type { Secret } from '../domain/secret.ts'
import type { SinkPolicy } from '../domain/sink-policy.ts'
import type { Notification } from '../evaluate/ports.ts'
import type { DeliveredReason, DeliveryReason, FailureReason } from './reasons.ts'

/** Reads a Secret's key as it is now. Undefined when it is missing, empty or not permitted: callers cannot tell these apart. */
export type SecretReader = {
  read(namespace: string, key: { readonly name: string; readonly key: string }): Secret | undefined
}

/** Looks a host name up. Rejects, or answers an empty list, when there is no address. */
export type HostResolver = { resolve(host: string): Promise<readonly string[]> }

/** The kind of a receiver: the name of its one member beside `name`. */
export type Channel = Exclude<keyof Receiver, 'name'>

export type Attempt =
  | { readonly result: 'delivered'; readonly reason: DeliveredReason; readonly message?: string }
  | {
      readonly result: 'failed'
      readonly reason: FailureReason
      readonly message: string
      readonly retryAfterMs?: number // What the sink asked for.
      readonly mayHaveArrived?: boolean // It broke after the message left: a second one may be a repeat.
    }

/** One file a channel. `send` makes one attempt, ends soon after the signal aborts, and leaves no handle behind. */
export type Sender<Kind extends Channel> = {
  send(
    message: { readonly settings: NonNullable<Receiver[Kind]>; readonly notification: Notification },
    signal: AbortSignal,
  ): Promise<Attempt>
}

export type SenderFactory<Kind extends Channel> = (world: SenderWorld) => Sender<Kind>

export type SenderWorld = {
  readonly secrets: SecretReader
  readonly sinks: SinkPolicy
  readonly resolver: HostResolver
  readonly clock: Clock
  readonly connectMs: number // Of the whole attempt, what connecting may take.
  /** PEM certificates that sinks may be signed by, besides those the system trusts. */
  readonly certificateAuthorities: readonly string[]
}

/** One attempt as the metrics count it. */
export type ObservedAttempt = {
  readonly channel: Channel
  readonly result: Attempt['result']
  readonly reason: DeliveryReason
}

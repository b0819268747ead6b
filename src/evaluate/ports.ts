// What Direct delivery needs from the rest of the program, and what it tells it. Types only.

import type { Receiver, Severity } from '../api/v1alpha1/alert-policy.ts'
import type { Instant } from '../domain/clock.ts'
import type { JudgedPolicy, JudgedSilence, ScrapedTarget } from '../domain/judged-policy.ts'

/** Reads all per-target series at once, as a scrape of `/metrics/targets` would. */
export type SeriesReader = { scrape(): readonly ScrapedTarget[] }

/** How the control plane tells the judge what is in force; satisfied by `evaluate`. */
export type Judge = {
  setPolicy(policy: JudgedPolicy): void
  removePolicy(uid: string): void
  setSilence(silence: JudgedSilence): void
  removeSilence(uid: string): void
}

type PolicyRef = { readonly uid: string; readonly namespace: string; readonly name: string }

/** One alert, as Alertmanager's webhook v4 speaks of it. */
export type Alert = {
  readonly status: 'firing' | 'resolved'
  readonly labels: ReadonlyMap<string, string>
  readonly annotations: ReadonlyMap<string, string>
  readonly startsAt: Instant
  readonly endsAt?: Instant // Absent while firing.
  readonly fingerprint: string // 16 hex digits over the sorted labels.
}

/** One message to one receiver: a group of alerts. The value a webhook v4 body parses into. */
export type Notification = {
  readonly policy: PolicyRef
  readonly receiver: Receiver
  readonly groupKey: string
  readonly groupLabels: ReadonlyMap<string, string>
  readonly status: 'firing' | 'resolved' // Firing if any alert fires.
  readonly alerts: readonly Alert[] // Critical first, then oldest. Never empty.
  /** How often this receiver was already told of the group as it still stands: 0 for news. */
  readonly repeat: number
  /** An attempt before this one broke after the message had left, so the receiver may have it already. */
  readonly mayBeRepeat: boolean
}

export type Delivery =
  | { readonly result: 'delivered' }
  | {
      readonly result: 'failed'
      readonly reason: string
      readonly message: string
      readonly permanent: boolean // Nothing will change by itself: try again rarely, or when policy or Secret change.
      readonly retryAfterMs?: number // The sink asked for this pause.
      readonly mayHaveArrived: boolean
    }

/** Takes messages to people; satisfied by `notify`. One attempt; never rejects; bounded by its own deadline. */
export type Notifier = { deliver(notification: Notification): Promise<Delivery> }

/** An alert as the judge sees it now, for people to look at. */
export type ActiveAlert = {
  readonly policy: PolicyRef
  readonly rule: string
  readonly alert: string
  readonly severity: Severity
  readonly namespace: string
  readonly target: string
  readonly state: 'pending' | 'firing'
  readonly since: Instant // When the rule began to hold.
  readonly firingSince?: Instant // Absent while pending.
  readonly annotations: ReadonlyMap<string, string>
  readonly silencedBy: readonly string[] // Names of Silences in the alert's namespace, sorted.
}

/** How deliveries to one receiver went. */
export type ReceiverRecord = {
  readonly receiver: string
  readonly lastDeliveryAt?: Instant
  readonly lastFailure?: { readonly at: Instant; readonly reason: string; readonly message: string }
  readonly failingSince?: Instant // Present while the latest attempt failed.
  readonly waiting: number // Groups that must be told and are not.
}

/** What Direct delivery shows of itself. */
export type AlertReader = {
  /** Sorted by severity, then oldest first. */
  alerts(): readonly ActiveAlert[]
  /** In the order of the policy; empty for an unknown one. */
  receivers(policyUid: string): readonly ReceiverRecord[]
}

// What Direct delivery needs from the rest of the program. Types only.

import type { Receiver } from '../api/v1alpha1/alert-policy.ts'
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
  readonly policy: { readonly uid: string; readonly namespace: string; readonly name: string }
  readonly receiver: Receiver
  readonly groupKey: string
  readonly groupLabels: ReadonlyMap<string, string>
  readonly status: 'firing' | 'resolved' // Firing if any alert fires.
  readonly alerts: readonly Alert[] // Critical first, then oldest.
}

export type Delivery =
  | { readonly result: 'delivered' }
  | {
      readonly result: 'failed'
      readonly reason: string
      readonly message: string
      readonly permanent: boolean
    }

/** Takes messages to people; satisfied by `notify`. Never rejects; bounded by its own deadline. */
export type Notifier = { deliver(notification: Notification): Promise<Delivery> }

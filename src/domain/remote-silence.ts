// A silence as Alertmanager's API v2 speaks of it.
import type { Instant } from './clock.ts'

export type RemoteMatcher = {
  readonly name: string
  readonly value: string
  readonly isRegex: boolean
  readonly isEqual: boolean
}

export type RemoteSilence = {
  readonly id: string
  readonly state: 'active' | 'pending' | 'expired'
  readonly matchers: readonly RemoteMatcher[]
  readonly startsAt: Instant
  readonly startsAtText: string // As Alertmanager wrote it: an update must echo it, or the silence gets a new id (reliability D4).
  readonly endsAt: Instant
  readonly createdBy: string
  readonly comment: string
  readonly annotations: Readonly<Record<string, string>>
}

/** Body of a POST. With `id` it updates; without, Alertmanager makes a new one each time. */
export type SilencePost = {
  readonly id?: string
  readonly matchers: readonly RemoteMatcher[] // Sorted by name, type and value: another order would be another silence.
  readonly startsAt: string
  readonly endsAt: string
  readonly createdBy: string
  readonly comment: string
  readonly annotations?: Readonly<Record<string, string>> // Only for Alertmanager 0.32 and newer.
}

// What the main thread and a probe worker say to each other. Plain data: structured clone carries it.
import type { Instant } from '../domain/clock.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { ProbeEntry, SchedulePace } from '../domain/probe-entry.ts'
import type { VerdictState } from '../domain/verdict.ts'
import type { ProbeSettings } from './settings.ts'

export type WorkerSetup = {
  readonly settings: ProbeSettings
  /** One byte a target, at its `flag`: 1 while a probe is in flight whose outcome was not told yet. It outlives a dead worker. */
  readonly inFlight: SharedArrayBuffer
}

export type ToWorker =
  | {
      readonly kind: 'set'
      readonly id: number
      readonly flag: number
      readonly entry: ProbeEntry
      readonly state: VerdictState
    }
  | { readonly kind: 'remove'; readonly uid: string }

/** Told per 100 ms, in the order in which it happened. `id` is that of the `set`: a target that left and came back has another. */
export type FromWorker = {
  readonly events: readonly WorkerEvent[]
  readonly dues: readonly (readonly [id: number, dueAt: Instant])[]
  readonly pace?: SchedulePace
}

export type WorkerEvent =
  | {
      readonly kind: 'outcome'
      readonly id: number
      readonly outcome: Outcome
      readonly state: VerdictState
    }
  | { readonly kind: 'state'; readonly id: number; readonly state: VerdictState }
  | { readonly kind: 'defect'; readonly id: number; readonly error: string }

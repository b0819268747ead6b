// One row of the probe table: everything a prober needs to know about a target, resolved and free of references.
// Plain data: it crosses the thread boundary by structured clone.
import type { ProbeReason } from '../api/v1alpha1/reasons.ts'
import type { Instant } from './clock.ts'
import type { Outcome } from './outcome.ts'
import type { VerdictLimits, VerdictState } from './verdict.ts'

/**
 * Where to connect. A URL's host is resolved by the prober; a Service was already resolved from the cluster's objects.
 * `searchDomains` hold for the names of redirects too; absent: the machine's own list holds.
 */
export type Dial =
  | {
      readonly by: 'name'
      readonly host: string
      readonly port: number
      readonly searchDomains?: readonly string[]
    }
  | {
      readonly by: 'address'
      readonly ip: string
      readonly port: number
      readonly searchDomains?: readonly string[]
    }

export type TextExpectation =
  | { readonly contains: string }
  | { readonly notContains: string }
  | { readonly matches: string } // RE2.
  | { readonly notMatches: string }

export type HttpProbe = {
  readonly type: 'http'
  readonly url: string // Absolute, with scheme; its host is what goes into Host and SNI.
  readonly dial: Dial // For the first hop; redirects dial by the name they give.
  readonly expect: {
    readonly status: readonly string[] // '2xx' classes or exact codes as text; never empty.
    readonly body: readonly TextExpectation[]
    readonly latencyBelowMs?: number
  }
}

export type TcpProbe = { readonly type: 'tcp'; readonly dial: Dial }

/** A probe that cannot run as it is declared: gives this unknown outcome at every slot, so the target shows why. */
export type UnrunnableProbe = {
  readonly type: 'http' | 'tcp'
  readonly unrunnable: { readonly reason: 'ConfigReference' | 'ConfigInvalid'; readonly message: string }
}

export type ProbeEntry = {
  readonly uid: string
  readonly namespace: string
  readonly target: string
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly retryIntervalMs?: number
  readonly limits: VerdictLimits
  readonly degradedLatencyMs?: number
  readonly probe: HttpProbe | TcpProbe | UnrunnableProbe
}

/** What the probe plane knows of one target after its latest probe. */
export type ProbeReport = {
  readonly state: VerdictState
  readonly transitions: readonly Transition[] // The last 10, oldest first.
}

export type Transition = {
  readonly time: Instant
  readonly from: VerdictState['verdict']
  readonly to: VerdictState['verdict']
  readonly reason: ProbeReason | '' // Of the state it led to.
}

/** What the probe plane tells as it happens. Calls come on the main thread, per target in order. A listener must not throw. */
export type ProbeListener = {
  /** The target is new or was changed: from now on it is probed as `entry` says. */
  onEntry?(entry: ProbeEntry, state: VerdictState): void
  /** The target is gone: its series end at once. */
  onRemoved?(entry: ProbeEntry): void
  /** One probe ended; `state` is what it led to. */
  onOutcome?(entry: ProbeEntry, outcome: Outcome, state: VerdictState): void
  /** The verdict changed. */
  onTransition?(entry: ProbeEntry, transition: Transition, state: VerdictState): void
  /** The verdict is the same, the reason is not: what people read of it is out of date. */
  onReasonChange?(entry: ProbeEntry, state: VerdictState): void
  /** When the target will be probed next, in wall time; told whenever it changes. */
  onDue?(entry: ProbeEntry, dueAt: Instant): void
  /** How well the schedule was kept since the last call. */
  onSchedule?(pace: SchedulePace): void
}

export const skipCauses = ['still-running', 'late', 'worker-busy', 'address-busy'] as const
/**
 * Why a slot passed without a probe: the target's last probe had not ended; the worker's loop was blocked until the slot was over; too
 * many probes in flight in the worker; too many to this one address.
 */
export type SkipCause = (typeof skipCauses)[number]

/** Upper bounds of the lateness histogram, in seconds; one more bucket takes what is later. */
export const latenessBoundsSeconds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5] as const

/** Counts over all targets of a worker since it was told last. */
export type SchedulePace = {
  readonly skipped: Readonly<Record<SkipCause, number>>
  readonly latenessCounts: readonly number[] // One for each bound and one more; not cumulative.
  readonly latenessSumSeconds: number
}

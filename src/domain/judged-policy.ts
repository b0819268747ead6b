// An AlertPolicy made ready to be judged: names resolved, durations in milliseconds, computed defaults filled in. Plain data.
// Both faces of a rule (PromQL for Prometheus, the local judge for Direct delivery) are made from this one definition.
import type { Receiver, Severity } from '../api/v1alpha1/alert-policy.ts'
import type { Instant } from './clock.ts'
import type { RemoteMatcher } from './remote-silence.ts'
import type { Verdict } from './verdict.ts'

export type RuleDefinition = {
  readonly name: string
  readonly alert: string // The alert's name, e.g. 'TargetDown'.
  readonly severity: Severity
  readonly forMs: number
} & (
  | { readonly kind: 'down' }
  | {
      readonly kind: 'latency'
      readonly quantile: number // 0..1
      readonly aboveSeconds: number
      readonly windowMs: number
      readonly minProbes: number
    }
)

export type Routing = {
  /** First match wins; a route without severities takes all. The last one, made from defaultReceiver, always matches. */
  readonly routes: readonly {
    readonly severities?: readonly Severity[]
    readonly receivers: readonly string[]
  }[]
  readonly groupBy: readonly string[]
  readonly groupWaitMs: number
  readonly groupIntervalMs: number
  readonly repeatMs: number
  readonly receivers: readonly Receiver[]
}

export type JudgedPolicy = {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly targets: readonly string[] // Sorted names in the policy's namespace; suspended and deleted ones are left out.
  readonly rules: readonly RuleDefinition[]
  readonly routing: Routing
}

/** A stretch of quiet for the local judge, from a Silence of this program. */
export type JudgedSilence = {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly matchers: readonly RemoteMatcher[] // The forced namespace matcher included.
  readonly startsAt: Instant
  readonly endsAt: Instant
}

/** One target's series as one scrape of our own exposition would read them. */
export type ScrapedTarget = {
  readonly namespace: string
  readonly target: string
  readonly verdict: Verdict
  readonly failureReason?: string // While the last outcome was not ok.
  readonly message: string
  readonly okDurationSeconds?: number // Absent when the last probe was not ok.
  readonly probesTotal: Readonly<Record<'ok' | 'degraded' | 'failed' | 'unknown', number>>
}

// What the state machine makes of outcomes. See probing.md section 5. Pure: state, outcome, limits -> state.
import type { ProbeReason } from '../api/v1alpha1/reasons.ts'
import type { Instant } from './clock.ts'

export type Verdict = 'Healthy' | 'Degraded' | 'Unhealthy' | 'Unknown'

export type VerdictState = {
  readonly verdict: Verdict
  readonly since: Instant // Wall time at which the verdict became what it is.
  readonly reason: ProbeReason | '' // Of the outcome that decided; empty while Healthy.
  readonly message: string // Empty while Healthy.
  readonly failuresInARow: number
  readonly successesInARow: number
  readonly softInARow: number
  readonly lastConclusiveAt?: Instant // Absent until the first ok or failed outcome.
}

export type VerdictLimits = {
  readonly failureThreshold: number
  readonly successThreshold: number
  readonly intervalMs: number
}

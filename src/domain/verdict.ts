// What the state machine makes of outcomes. See probing.md section 5. Pure: state, outcome, limits -> state.
import type { ProbeReason } from '../api/v1alpha1/reasons.ts'
import type { Instant } from './clock.ts'
import type { Outcome } from './outcome.ts'

export const verdicts = ['Healthy', 'Degraded', 'Unhealthy', 'Unknown'] as const
export type Verdict = (typeof verdicts)[number]

export type VerdictState = {
  readonly verdict: Verdict
  readonly since: Instant // Wall time at which the verdict became what it is.
  readonly reason: ProbeReason | '' // Of the outcome that decided; empty while Healthy.
  readonly message: string // Empty while Healthy.
  readonly failuresInARow: number
  readonly successesInARow: number // Towards leaving the present verdict: while Degraded, a soft success starts it anew.
  readonly softInARow: number
  readonly lastConclusiveAt?: Instant // Absent until the first ok or failed outcome.
}

export type VerdictLimits = {
  readonly failureThreshold: number
  readonly successThreshold: number
  readonly intervalMs: number
}

/** Why a verdict is not Healthy, as far as one outcome tells. */
export type Cause = { readonly reason: ProbeReason; readonly message: string }

/** After this many intervals without an ok or failed outcome nobody knows any more. */
const intervalsUntilUnknown = 3

export function initialState(now: Instant): VerdictState {
  return {
    verdict: 'Unknown',
    since: now,
    reason: '',
    message: '',
    failuresInARow: 0,
    successesInARow: 0,
    softInARow: 0,
  }
}

/** The state after `outcome`. Counts stop at what the thresholds can ask for, so a converged state stays equal but for `lastConclusiveAt`. */
export function judge(
  state: VerdictState,
  outcome: Outcome,
  now: Instant,
  limits: VerdictLimits,
): VerdictState {
  switch (outcome.kind) {
    case 'ok':
      return succeeded(state, outcome, now, limits)
    case 'failed':
      return failed(state, outcome, now, limits)
    case 'unknown':
      // Touches neither count nor verdict; but while nothing is known, the reason is worth showing.
      return state.verdict === 'Unknown' ? explain(state, outcome) : state
  }
  outcome satisfies never
}

/** The state after nothing conclusive was seen for too long. Counts are kept: they go on with the next conclusive outcome. */
export function doubt(state: VerdictState, cause: Cause, now: Instant): VerdictState {
  return become(state, 'Unknown', cause, now)
}

/** How long after the last conclusive outcome the verdict becomes Unknown. */
export function doubtAfterMs(limits: VerdictLimits): number {
  return intervalsUntilUnknown * limits.intervalMs
}

/** Whether a count is under way that may change the verdict: then the next look comes after the retry interval. */
export function isUndecided(state: VerdictState): boolean {
  const { verdict, failuresInARow, successesInARow, softInARow } = state
  if (failuresInARow > 0) return verdict !== 'Unhealthy'
  if (verdict === 'Unhealthy' || verdict === 'Degraded') return successesInARow > 0
  return verdict === 'Healthy' && softInARow > 0
}

function succeeded(
  state: VerdictState,
  outcome: Outcome & { readonly kind: 'ok' },
  now: Instant,
  limits: VerdictLimits,
): VerdictState {
  const isSoft = outcome.soft !== undefined
  const next: VerdictState = {
    ...state,
    failuresInARow: 0,
    softInARow: isSoft ? countUpTo(limits.failureThreshold, state.softInARow) : 0,
    successesInARow:
      isSoft && state.verdict === 'Degraded' ? 0 : countUpTo(limits.successThreshold, state.successesInARow),
    lastConclusiveAt: now,
  }
  if (state.verdict === 'Unhealthy' && next.successesInARow < limits.successThreshold) return next
  if (isSoft && next.softInARow >= limits.failureThreshold) {
    return become(next, 'Degraded', { reason: 'AssertionLatency', message: outcome.message }, now)
  }
  if (state.verdict === 'Degraded' && next.successesInARow < limits.successThreshold) return next
  return become(next, 'Healthy', undefined, now)
}

function failed(
  state: VerdictState,
  outcome: Outcome & { readonly kind: 'failed' },
  now: Instant,
  limits: VerdictLimits,
): VerdictState {
  const next: VerdictState = {
    ...state,
    failuresInARow: countUpTo(limits.failureThreshold, state.failuresInARow),
    successesInARow: 0,
    softInARow: 0,
    lastConclusiveAt: now,
  }
  if (next.failuresInARow >= limits.failureThreshold) return become(next, 'Unhealthy', outcome, now)
  return next.verdict === 'Unknown' ? explain(next, outcome) : next
}

function become(state: VerdictState, verdict: Verdict, cause: Cause | undefined, now: Instant): VerdictState {
  const explained =
    cause === undefined ? { ...state, reason: '' as const, message: '' } : explain(state, cause)
  if (state.verdict === verdict) return explained
  // Leaving begins anew in each verdict; the success that led to Degraded is no step out of it.
  return { ...explained, verdict, since: now, successesInARow: 0 }
}

// The message holds durations that differ each time: it stays as it was while the reason is the same, or status would be written for ever.
function explain(state: VerdictState, { reason, message }: Cause): VerdictState {
  return state.reason === reason ? state : { ...state, reason, message }
}

function countUpTo(limit: number, count: number): number {
  return Math.min(count + 1, Math.max(limit, count))
}

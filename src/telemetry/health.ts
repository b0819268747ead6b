// Whether this process should be restarted (`/healthz`, kube:M3) and whether it can serve (`/readyz`, kube:M4). An API server that is down
// fails neither: a restart would lose the cache and blind the monitoring.
import type { Clock } from '../domain/clock.ts'
import type { KindName } from '../domain/kinds.ts'
import type { Availability } from '../reconcile/ports.ts'

export type CheckResult = { readonly name: string; readonly ok: boolean; readonly detail: string }
export type HealthReport = { readonly ok: boolean; readonly checks: readonly CheckResult[] }

/** One thing that must hold; answers the sentence that tells what is wrong, or nothing. */
export type HealthCheck = { readonly name: string; problem(): string | undefined }

export function healthReport(checks: readonly HealthCheck[]): HealthReport {
  const results = checks.map((check) => {
    const wrong = check.problem() // Called on the check itself: it may be an object with a life of its own.
    return { name: check.name, ok: wrong === undefined, detail: wrong ?? 'ok' }
  })
  return { ok: results.every(({ ok }) => ok), checks: results }
}

const beatEveryMs = 1_000
const silentMaxMs = 10_000
const unattemptedMaxMs = 15 * 60_000

/** Beats once a second on the main loop, so that a check can tell for how long the loop was held. */
export class LoopBeat implements HealthCheck {
  readonly name = 'loop'
  readonly #clock: Clock
  #lastMs: number
  #cancel: () => void

  constructor(clock: Clock) {
    this.#clock = clock
    this.#lastMs = clock.monotonicMs()
    this.#cancel = this.#next()
  }

  problem(): string | undefined {
    const silentMs = this.#clock.monotonicMs() - this.#lastMs
    return silentMs > silentMaxMs ? `the main loop was silent for ${Math.round(silentMs / 1000)}s` : undefined
  }

  stop(): void {
    this.#cancel()
  }

  #next(): () => void {
    return this.#clock.after(beatEveryMs, () => {
      this.#lastMs = this.#clock.monotonicMs()
      this.#cancel = this.#next()
    })
  }
}

/** Fails when this process believes to lead though its lease could not be renewed in time (kube:L3). */
export function leaderCheck(lease: { isPastDeadline(): boolean }): HealthCheck {
  const problem = () => (lease.isPastDeadline() ? 'leads past the deadline of its lease' : undefined)
  return { name: 'leader', problem }
}

/** Fails when a reflector has not even tried anything for 15 minutes; tries that fail count as tries. */
export function reflectorCheck(
  lastAttempts: () => readonly { readonly kind: string; readonly atMonotonicMs: number }[],
  clock: Clock,
): HealthCheck {
  const problem = () => {
    const oldestMs = clock.monotonicMs() - unattemptedMaxMs
    const stuck = lastAttempts().filter(({ atMonotonicMs }) => atMonotonicMs < oldestMs)
    return stuck.length === 0
      ? undefined
      : `nothing was attempted for 15m by ${stuck.map(({ kind }) => kind).join(', ')}`
  }
  return { name: 'reflectors', problem }
}

/** Ready from the first moment every kind was read once, until `drain`; losing the API server later changes nothing. */
export class Readiness {
  readonly #kinds: readonly KindName[]
  readonly #availability: (kind: KindName) => Availability
  #wasReady = false
  #isDraining = false

  constructor(kinds: readonly KindName[], availability: (kind: KindName) => Availability) {
    this.#kinds = kinds
    this.#availability = availability
  }

  report(): HealthReport {
    const checks = this.#kinds.map((kind) => ({ name: kind, ...detailOf(this.#availability(kind)) }))
    this.#wasReady ||= checks.every(({ ok }) => ok)
    if (this.#isDraining) return { ok: false, checks: [...checks, drainingCheck] }
    return { ok: this.#wasReady, checks }
  }

  /** From here on not ready: the process is about to end. */
  drain(): void {
    this.#isDraining = true
  }
}

const drainingCheck: CheckResult = { name: 'shutdown', ok: false, detail: 'draining' }

/** A kind that is not served is a state, not a fault (kube:R14); one that may not be read is a fault of the installation. */
function detailOf(availability: Availability): Pick<CheckResult, 'ok' | 'detail'> {
  switch (availability.state) {
    case 'synced':
      return { ok: true, detail: 'synced' }
    case 'notServed':
      return { ok: true, detail: 'not served' }
    case 'syncing':
      return { ok: false, detail: 'not read yet' }
    case 'forbidden':
      return { ok: false, detail: availability.message }
    default:
      return availability satisfies never
  }
}

// Watches whether this thread keeps up: a sampler that should run every 10 ms, and how late it was. What was measured while the loop was
// held up is not to be trusted, and the runner asks here before it blames a target (probing.md section 4, rule 7).
import type { Clock } from '../domain/clock.ts'
import type { Timer, Timers } from './timers.ts'

const everyMs = 10
/** Shorter lags spoil no measurement, so they are not kept. */
const worthKeepingMs = 10
/** Longer than any probe takes; what is older is forgotten. */
const keptForMs = 120_000
const keptMax = 4096

type Lag = { readonly endedMs: number; readonly lagMs: number }

export class LagSampler {
  readonly #clock: Clock
  readonly #timers: Timers
  #lags: Lag[] = [] // Oldest first.
  #next: Timer | undefined

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock
    this.#timers = timers
  }

  start(): void {
    if (this.#next === undefined) this.#sleep()
  }

  stop(): void {
    if (this.#next !== undefined) this.#timers.cancel(this.#next)
    this.#next = undefined
  }

  /** The worst lag, in milliseconds, of those that touch the time from `sinceMs` until now; 0 when there was none worth keeping. */
  worstSince(sinceMs: number): number {
    const nowMs = this.#clock.monotonicMs()
    const running = this.#next === undefined ? 0 : nowMs - this.#next.dueMs // A lag that has not ended yet.
    let worst = running > worthKeepingMs ? running : 0
    for (let index = this.#lags.length - 1; index >= 0; index -= 1) {
      const lag = this.#lags[index]
      if (lag === undefined || lag.endedMs <= sinceMs) break
      worst = Math.max(worst, lag.lagMs)
    }
    return worst
  }

  #sleep(): void {
    this.#next = this.#timers.after(everyMs, () => this.#sample())
  }

  #sample(): void {
    const nowMs = this.#clock.monotonicMs()
    const lagMs = nowMs - (this.#next?.dueMs ?? nowMs)
    if (lagMs > worthKeepingMs) this.#keep({ endedMs: nowMs, lagMs })
    this.#sleep()
  }

  #keep(lag: Lag): void {
    const oldest = this.#lags[0]
    if (oldest !== undefined && (this.#lags.length >= keptMax || oldest.endedMs < lag.endedMs - keptForMs)) {
      this.#lags = this.#lags.filter(({ endedMs }) => endedMs >= lag.endedMs - keptForMs).slice(1 - keptMax)
    }
    this.#lags.push(lag)
  }
}

// A bound on how often something may happen: a bucket of tokens that refills evenly, on the injected clock.
import type { Clock } from '../domain/clock.ts'

export class TokenBucket {
  readonly #perMs: number
  readonly #burst: number
  readonly #clock: Clock
  #tokens: number
  #filledAtMs: number

  constructor({ perSecond, burst }: { perSecond: number; burst: number }, clock: Clock) {
    this.#perMs = perSecond / 1000
    this.#burst = burst
    this.#clock = clock
    this.#tokens = burst
    this.#filledAtMs = clock.monotonicMs()
  }

  /** Takes a token and answers 0, or takes none and answers the milliseconds until there will be one (at least 1). */
  take(): number {
    const waitMs = this.waitMs()
    if (waitMs === 0) this.#tokens -= 1
    return waitMs
  }

  /** For what a token was taken has not happened. */
  giveBack(): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + 1)
  }

  /** Milliseconds until there is a token; 0 when there is one now. Takes none. */
  waitMs(): number {
    const nowMs = this.#clock.monotonicMs()
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#filledAtMs) * this.#perMs)
    this.#filledAtMs = nowMs
    return this.#tokens >= 1 ? 0 : Math.max(1, Math.ceil((1 - this.#tokens) / this.#perMs))
  }
}

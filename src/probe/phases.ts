// Measures one attempt: how long each phase took, and the whole. What we made the attempt wait for is no latency and is left out.
import type { Clock } from '../domain/clock.ts'
import type { Phases } from '../domain/outcome.ts'

export type PhaseName = keyof Phases

export class PhaseTimer {
  readonly #clock: Clock
  readonly #startedMs: number
  readonly #milliseconds = new Map<PhaseName, number>() // Only phases that were reached. Summed over redirect hops.
  #current: PhaseName | 'waiting' | undefined
  #enteredMs: number
  #leftOutMs = 0
  #endedMs: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startedMs = clock.monotonicMs()
    this.#enteredMs = this.#startedMs
  }

  /** The phase that runs now; `waiting` while the attempt is held back by a bound of our own. */
  get current(): PhaseName | 'waiting' | undefined {
    return this.#current
  }

  get startedMs(): number {
    return this.#startedMs
  }

  /** Ends the running phase and begins this one, or begins to wait. */
  enter(next: PhaseName | 'waiting'): void {
    this.#leave()
    this.#current = next
  }

  /** Forgets the running phase, its time included: a denied address shows no timing. */
  forget(): void {
    const nowMs = this.#clock.monotonicMs()
    this.#leftOutMs += nowMs - this.#enteredMs
    this.#enteredMs = nowMs
    this.#current = undefined
  }

  /** Ends the running phase and the whole; later calls change nothing. */
  end(): void {
    if (this.#endedMs !== undefined) return
    this.#leave()
    this.#endedMs = this.#enteredMs
    this.#current = undefined
  }

  /** Seconds from start to end, or until now; what was waited is left out. */
  elapsedSeconds(): number {
    return ((this.#endedMs ?? this.#clock.monotonicMs()) - this.#startedMs - this.#leftOutMs) / 1000
  }

  /** Seconds in each phase that was reached. */
  seconds(): Phases {
    return Object.fromEntries([...this.#milliseconds].map(([name, ms]) => [name, ms / 1000]))
  }

  #leave(): void {
    const nowMs = this.#clock.monotonicMs()
    const passedMs = nowMs - this.#enteredMs
    if (this.#current === 'waiting') this.#leftOutMs += passedMs
    else if (this.#current !== undefined) {
      this.#milliseconds.set(this.#current, (this.#milliseconds.get(this.#current) ?? 0) + passedMs)
    }
    this.#enteredMs = nowMs
  }
}

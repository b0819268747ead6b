// Holds the whole client to one request a second while the API server answers 429 (kube:C5).
import type { Clock } from '../domain/clock.ts'

const gapMs = 1_000

export class Throttle {
  readonly #clock: Clock
  readonly #waiting = new Set<() => void>()
  #isOverloaded = false
  #nextMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The API server answered 429, or something else. */
  answered({ isOverloaded }: { isOverloaded: boolean }): void {
    const hasPassed = this.#isOverloaded && !isOverloaded
    if (!this.#isOverloaded && isOverloaded) this.#nextMs = this.#clock.monotonicMs() + gapMs
    this.#isOverloaded = isOverloaded
    if (hasPassed) for (const goAhead of [...this.#waiting]) goAhead()
  }

  /** Resolves to false when the turn would not come before `deadlineMs`; else to true, in turn or when a signal is aborted. */
  turn({ deadlineMs, signals }: { deadlineMs: number; signals: readonly AbortSignal[] }): Promise<boolean> {
    if (!this.#isOverloaded) return Promise.resolve(true)
    const now = this.#clock.monotonicMs()
    const slotMs = Math.max(now, this.#nextMs)
    if (slotMs >= deadlineMs) return Promise.resolve(false)
    this.#nextMs = slotMs + gapMs
    if (slotMs === now) return Promise.resolve(true)
    return new Promise((resolve) => {
      const end = (): void => {
        cancel()
        this.#waiting.delete(end)
        for (const signal of signals) signal.removeEventListener('abort', end)
        resolve(true)
      }
      const cancel = this.#clock.after(slotMs - now, end)
      this.#waiting.add(end)
      for (const signal of signals) signal.addEventListener('abort', end)
    })
  }
}

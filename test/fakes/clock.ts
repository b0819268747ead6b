// A clock that stands still until a test turns it. Timers run in the order in which they fall due, each at its own moment.
import type { Clock, Instant } from '../../src/domain/clock.ts'

type Timer = { readonly dueMs: number; readonly callback: () => void }

/** Starts at 2026-01-01T00:00:00Z; the monotonic time starts at another number, so that mixing the two shows. */
export class FakeClock implements Clock {
  #monotonicMs = 1_000
  #wallOffsetMs: number
  readonly #timers = new Set<Timer>()

  constructor(startMs: Instant = Date.UTC(2026, 0, 1)) {
    this.#wallOffsetMs = startMs - this.#monotonicMs
  }

  now(): Instant {
    return this.#wallOffsetMs + this.#monotonicMs
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { dueMs: this.#monotonicMs + Math.max(0, delayMs), callback }
    this.#timers.add(timer)
    return () => {
      this.#timers.delete(timer)
    }
  }

  /** How many timers are waiting. A test that ends with 0 has left nothing running. */
  get pending(): number {
    return this.#timers.size
  }

  /** Milliseconds until the next timer, undefined when none waits. */
  get nextInMs(): number | undefined {
    const next = this.#earliest(Number.POSITIVE_INFINITY)
    return next === undefined ? undefined : next.dueMs - this.#monotonicMs
  }

  /**
   * Resolves once a timer waits that falls due between `fromMs` and `toMs` from now: when code that real sockets hold up has come to its
   * pause. The test's own time limit bounds the wait.
   */
  async untilTimer(fromMs: number, toMs: number = fromMs): Promise<void> {
    const isThere = (): boolean =>
      [...this.#timers].some(({ dueMs }) => {
        const inMs = dueMs - this.#monotonicMs
        return inMs >= fromMs && inMs <= toMs
      })
    while (!isThere()) await settle()
  }

  /** Turns the clock on and calls what falls due on the way, timers set by those calls included. */
  advance(ms: number): void {
    const until = this.#monotonicMs + ms
    for (let timer = this.#earliest(until); timer !== undefined; timer = this.#earliest(until)) {
      this.#monotonicMs = Math.max(this.#monotonicMs, timer.dueMs)
      this.#timers.delete(timer)
      timer.callback()
    }
    this.#monotonicMs = until
  }

  /**
   * As `advance`, but lets promises that a timer has settled run on before the next timer is called: for code that awaits
   * between its timers. It waits for no socket.
   */
  async advanceAsync(ms: number): Promise<void> {
    const until = this.#monotonicMs + ms
    await settle()
    for (let timer = this.#earliest(until); timer !== undefined; timer = this.#earliest(until)) {
      this.#monotonicMs = Math.max(this.#monotonicMs, timer.dueMs)
      this.#timers.delete(timer)
      timer.callback()
      await settle()
    }
    this.#monotonicMs = until
  }

  /** Time passes while the event loop is held up: no timer runs, those that fell due run late at the next `advance`. */
  stall(ms: number): void {
    this.#monotonicMs += ms
  }

  /** Steps the wall clock alone, as an administrator or NTP may; no timer moves. */
  stepWall(ms: number): void {
    this.#wallOffsetMs += ms
  }

  // Of several timers due at one moment the one set first runs first: a Set keeps that order.
  #earliest(untilMs: number): Timer | undefined {
    let earliest: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.dueMs <= untilMs && (earliest === undefined || timer.dueMs < earliest.dueMs)) {
        earliest = timer
      }
    }
    return earliest
  }
}

// One turn of the event loop runs every microtask that is ready, however long the chain of awaits.
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

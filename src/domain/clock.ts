// The clock as an argument: a type only. Nothing outside main.ts reads the time by itself, so a test can turn it.

/** Wall-clock time in milliseconds since the Unix epoch. */
export type Instant = number

export type Clock = {
  /** Wall time, for what people see. Never for a deadline: it may step. */
  now(): Instant
  /** Milliseconds from an arbitrary start; never steps. For durations, deadlines and lateness. */
  monotonicMs(): number
  /** Calls `callback` once, not before `delayMs` of monotonic time; the answer cancels it. Delays over 2^31-1 ms are legal. */
  after(delayMs: number, callback: () => void): () => void
}

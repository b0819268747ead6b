// The real clock. Made once, by main.ts alone; everything else gets it as an argument.
import type { Clock } from '../domain/clock.ts'

/** Node fires longer timers at once, so they are armed in pieces. */
const longestTimerMs = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    const dueMs = performance.now() + delayMs
    let timer = arm()
    function arm(): NodeJS.Timeout {
      return setTimeout(fire, Math.min(Math.max(0, dueMs - performance.now()), longestTimerMs))
    }
    function fire(): void {
      // A timer may fire a fraction of a millisecond early, and a piece of a long one is not its end.
      if (performance.now() < dueMs) timer = arm()
      else callback()
    }
    return () => clearTimeout(timer)
  },
}

// How long to wait before the next attempt on the API server, as a function of values (kube:R11). Nothing here waits.

export type Backoff = { readonly failures: number }

export const noBackoff: Backoff = { failures: 0 }

const firstMs = 800
const maxMs = 30_000
const healthyMs = 120_000

export type BackoffStep = { readonly next: Backoff; readonly delayMs: number }

/**
 * The state after one more failure and the milliseconds to wait: 800 doubling to 30,000, plus up to as much again by `random`
 * (0 <= random < 1), so that clients which failed together do not come back together. `workedForMs` is how long the stream that has
 * just ended had been open, 0 when it never opened: after two healthy minutes the count begins anew.
 */
export function backOff(
  state: Backoff,
  { workedForMs, random }: { workedForMs: number; random: number },
): BackoffStep {
  const failures = workedForMs >= healthyMs ? 1 : state.failures + 1
  const withoutJitter = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 16))
  return { next: { failures }, delayMs: Math.round(withoutJitter * (1 + random)) }
}

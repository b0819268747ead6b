// Waiting for a real program to reach a state: look, and look again, until a deadline. The only place of the suite that sleeps.
import { setTimeout as delay } from 'node:timers/promises'

export type Patience = { readonly withinMs?: number; readonly everyMs?: number }

/**
 * Calls `look` until it returns something other than `undefined`, `null` or `false`, and returns that.
 * A throw counts as "not yet", so assertions may stand in `look`; the last one is the cause of the error at the deadline.
 * `what` completes the sentence "expected that ... within 30s".
 */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  { withinMs = 30_000, everyMs = 100 }: Patience = {},
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = performance.now() + withinMs
  let cause: unknown
  do {
    try {
      const seen = await look()
      if (seen !== undefined && seen !== null && seen !== false) {
        return seen as Exclude<T, undefined | null | false>
      }
      cause = undefined
    } catch (error) {
      cause = error
    }
    await delay(everyMs)
  } while (performance.now() < deadline)
  const last = cause instanceof Error ? `; last seen: ${cause.message}` : ''
  throw new Error(`expected that ${what} within ${withinMs / 1000}s${last}`, { cause })
}

// How many TLS handshakes run at once in one loop: more would make each other look slow. A permit is taken after the TCP connect and
// given back after a while even if the peer stays silent, so silent peers hold nobody up (probing.md section 4, rule 5).
import type { Timers } from './timers.ts'

export class HandshakePermits {
  readonly #timers: Timers
  readonly #limit: number
  readonly #heldAtMostMs: number
  readonly #queue = new Set<() => void>() // Order of arrival.
  #held = 0

  constructor(
    timers: Timers,
    { limit = 6, heldAtMostMs = 100 }: { readonly limit?: number; readonly heldAtMostMs?: number } = {},
  ) {
    this.#timers = timers
    this.#limit = limit
    this.#heldAtMostMs = heldAtMostMs
  }

  get isExhausted(): boolean {
    return this.#held >= this.#limit
  }

  /** Answers when a permit is free, with what gives it back. Rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<() => void> {
    if (this.isExhausted) await this.#turn(signal)
    else this.#held += 1
    return this.#permit()
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = () => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      const abort = () => {
        this.#queue.delete(go)
        reject(signal.reason)
      }
      this.#queue.add(go)
      signal.addEventListener('abort', abort, { once: true })
    })
  }

  // Gives back once, by its holder or by time.
  #permit(): () => void {
    let isHeld = true
    const giveBack = () => {
      if (!isHeld) return
      isHeld = false
      this.#timers.cancel(timer)
      const [next] = this.#queue
      if (next === undefined) this.#held -= 1
      else {
        this.#queue.delete(next)
        next()
      }
    }
    const timer = this.#timers.after(this.#heldAtMostMs, giveBack)
    return giveBack
  }
}

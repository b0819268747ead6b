// How many probes one address may be asked to bear at once, so that a dead or a shared host takes no other's slots. Waits a little,
// then gives the slot up (probing.md section 4, rule 4).

import type { Timer, Timers } from './timers.ts'
import { SlotSkipped } from './trouble.ts'

type Waiter = { readonly enter: () => void; readonly timer: Timer }
type Place = { inFlight: number; readonly waiters: Set<Waiter> } // A Set keeps the order of arrival.

export class AddressGate {
  readonly #timers: Timers
  readonly #limit: number
  readonly #waitMs: number
  readonly #places = new Map<string, Place>() // By `ip:port`; only those in use.

  constructor(
    timers: Timers,
    { limit = 8, waitMs = 100 }: { readonly limit?: number; readonly waitMs?: number } = {},
  ) {
    this.#timers = timers
    this.#limit = limit
    this.#waitMs = waitMs
  }

  /** Whether `enter` would have to wait. */
  isFull(endpoint: string): boolean {
    return (this.#places.get(endpoint)?.inFlight ?? 0) >= this.#limit
  }

  /** Answers when there is room, with what gives the room back. Rejects with SlotSkipped after the wait, or with the signal's reason. */
  async enter(endpoint: string, signal: AbortSignal): Promise<() => void> {
    const place = this.#places.get(endpoint) ?? { inFlight: 0, waiters: new Set() }
    this.#places.set(endpoint, place)
    if (place.inFlight < this.#limit) place.inFlight += 1
    else await this.#turn(place, signal) // Whoever leaves hands his place on: inFlight does not change.
    return () => this.#leave(endpoint, place)
  }

  #turn(place: Place, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = (reason: unknown) => {
        settle()
        reject(reason)
      }
      const abort = () => giveUp(signal.reason)
      const settle = () => {
        place.waiters.delete(waiter)
        this.#timers.cancel(waiter.timer)
        signal.removeEventListener('abort', abort)
      }
      const waiter: Waiter = {
        enter: () => {
          settle()
          resolve()
        },
        timer: this.#timers.after(this.#waitMs, () => giveUp(new SlotSkipped('address-busy'))),
      }
      place.waiters.add(waiter)
      signal.addEventListener('abort', abort)
    })
  }

  #leave(endpoint: string, place: Place): void {
    const [next] = place.waiters
    if (next !== undefined) {
      next.enter()
      return
    }
    place.inFlight -= 1
    if (place.inFlight === 0) this.#places.delete(endpoint)
  }
}

// Our own bounds on writes: so many in flight, so many a second (kube:C6). Waiting is bounded too; who waits too long is told so.
import type { Clock } from '../domain/clock.ts'

const inFlightMax = 20
const waitMaxMs = 30_000
// 50 a second with a burst of 100; a write that is the first of its kind for an object costs half, so that a cold start goes at 100.
const unitsPerSecond = 100
const unitsMax = 200

export type WriteCost = 'ordinary' | 'first'
type Waiting = {
  readonly units: number
  readonly admit: (isAdmitted: boolean) => void
  readonly dueMs: number
}

export class WriteLimits {
  readonly #clock: Clock
  readonly #waiting: Waiting[] = []
  #inFlight = 0
  #units = unitsMax
  #countedMs: number
  #cancelTimer: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#countedMs = clock.monotonicMs()
  }

  /** Runs `write` in its turn and hands on its answer; undefined when its turn did not come within 30 s. */
  async run<Value>(cost: WriteCost, write: () => Promise<Value>): Promise<Value | undefined> {
    if (!(await this.#turn(cost === 'first' ? 1 : 2))) return undefined
    try {
      return await write()
    } finally {
      this.#inFlight -= 1
      this.#admit()
    }
  }

  #turn(units: number): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting.push({ units, admit: resolve, dueMs: this.#clock.monotonicMs() + waitMaxMs })
      this.#admit()
    })
  }

  #admit(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#refill()
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const isLate = next.dueMs <= this.#clock.monotonicMs()
      if (!isLate && (this.#inFlight >= inFlightMax || this.#units < next.units)) break
      this.#waiting.shift()
      if (!isLate) {
        this.#inFlight += 1
        this.#units -= next.units
      }
      next.admit(!isLate)
    }
    this.#waitForNext()
  }

  #waitForNext(): void {
    const next = this.#waiting[0]
    if (next === undefined) return
    const refilledMs = ((next.units - this.#units) / unitsPerSecond) * 1_000
    const lateMs = next.dueMs - this.#clock.monotonicMs()
    const delayMs = this.#inFlight >= inFlightMax ? lateMs : Math.min(refilledMs, lateMs)
    this.#cancelTimer = this.#clock.after(Math.max(1, Math.ceil(delayMs)), () => this.#admit())
  }

  #refill(): void {
    const now = this.#clock.monotonicMs()
    this.#units = Math.min(unitsMax, this.#units + ((now - this.#countedMs) / 1_000) * unitsPerSecond)
    this.#countedMs = now
  }
}

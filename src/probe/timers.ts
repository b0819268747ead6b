// Many deadlines, one timer of the machine: a heap, and a single wait for the earliest. Everything timed in a worker hangs on it.
import type { Clock } from '../domain/clock.ts'

export type Timer = { readonly dueMs: number; readonly callback: () => void; index: number } // index -1: not waiting.

export class Timers {
  readonly #clock: Clock
  readonly #heap: Timer[] = []
  #armed: { readonly dueMs: number; readonly disarm: () => void } | undefined
  #isRunning = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#heap.length
  }

  /** Calls `callback` once, not before `dueMs` of monotonic time. */
  at(dueMs: number, callback: () => void): Timer {
    const timer: Timer = { dueMs, callback, index: this.#heap.length }
    this.#heap.push(timer)
    this.#up(timer)
    this.#arm()
    return timer
  }

  /** Calls `callback` once, not before `delayMs` have passed. */
  after(delayMs: number, callback: () => void): Timer {
    return this.at(this.#clock.monotonicMs() + delayMs, callback)
  }

  cancel(timer: Timer): void {
    if (timer.index < 0) return
    this.#take(timer)
    if (this.#heap.length === 0) this.#disarm() // Nothing may keep the thread alive for a timer nobody waits for.
  }

  /** Forgets all timers. */
  clear(): void {
    for (const timer of this.#heap) timer.index = -1
    this.#heap.length = 0
    this.#disarm()
  }

  // A wait that is armed too early only looks again; re-arming at each cancel would cost more than that look.
  #arm(): void {
    const first = this.#heap[0]
    if (first === undefined || this.#isRunning) return
    if (this.#armed !== undefined && this.#armed.dueMs <= first.dueMs) return
    this.#disarm()
    const delayMs = Math.max(0, first.dueMs - this.#clock.monotonicMs())
    this.#armed = { dueMs: first.dueMs, disarm: this.#clock.after(delayMs, () => this.#run()) }
  }

  #disarm(): void {
    this.#armed?.disarm()
    this.#armed = undefined
  }

  // One sweep calls all that is due by the real time; a wait that ended up to 0.4 ms early finds nothing and is armed again.
  #run(): void {
    this.#armed = undefined
    this.#isRunning = true
    const nowMs = this.#clock.monotonicMs()
    try {
      for (let first = this.#heap[0]; first !== undefined && first.dueMs <= nowMs; first = this.#heap[0]) {
        this.#take(first)
        first.callback()
      }
    } finally {
      this.#isRunning = false
      this.#arm()
    }
  }

  #take(timer: Timer): void {
    const last = this.#heap.pop() as Timer
    if (last !== timer) {
      last.index = timer.index
      this.#heap[last.index] = last
      this.#up(last)
      this.#down(last)
    }
    timer.index = -1
  }

  #up(timer: Timer): void {
    while (timer.index > 0) {
      const parent = this.#heap[(timer.index - 1) >> 1] as Timer
      if (parent.dueMs <= timer.dueMs) return
      this.#swap(timer, parent)
    }
  }

  #down(timer: Timer): void {
    for (;;) {
      const left = this.#heap[2 * timer.index + 1]
      const right = this.#heap[2 * timer.index + 2]
      const child = right !== undefined && left !== undefined && right.dueMs < left.dueMs ? right : left
      if (child === undefined || child.dueMs >= timer.dueMs) return
      this.#swap(timer, child)
    }
  }

  #swap(one: Timer, other: Timer): void {
    const index = one.index
    one.index = other.index
    other.index = index
    this.#heap[one.index] = one
    this.#heap[other.index] = other
  }
}

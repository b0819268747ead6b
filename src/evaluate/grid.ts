// Calls work at every multiple of its interval, on a time line that begins at the wall clock's time and never steps after that: a set
// clock neither ages samples nor shortens a `for`. Points passed while the program was busy are skipped, not made up for.
import type { Clock } from '../domain/clock.ts'

export type GridWork = { readonly everyMs: number; readonly run: (atMs: number) => void }

export class Grid {
  readonly #clock: Clock
  readonly #works: readonly { readonly work: GridWork; nextMs: number }[]
  #originMs = 0
  #cancelTimer: (() => void) | undefined

  /** Of works that fall on one point the first is called first. */
  constructor(clock: Clock, works: readonly GridWork[]) {
    this.#clock = clock
    this.#works = works.map((work) => ({ work, nextMs: 0 }))
  }

  /** The first calls come at the next point after now. */
  start(): void {
    if (this.#cancelTimer !== undefined) return
    this.#originMs = this.#clock.now() - this.#clock.monotonicMs()
    const nowMs = this.#nowMs()
    for (const entry of this.#works) entry.nextMs = pointAt(entry.work, nowMs) + entry.work.everyMs
    this.#arm()
  }

  stop(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  #nowMs(): number {
    return this.#originMs + this.#clock.monotonicMs()
  }

  #arm(): void {
    const nextMs = Math.min(...this.#works.map((entry) => entry.nextMs))
    this.#cancelTimer = this.#clock.after(Math.max(0, nextMs - this.#nowMs()), () => this.#tick())
  }

  #tick(): void {
    const nowMs = this.#nowMs()
    for (const entry of this.#works) {
      if (nowMs < entry.nextMs) continue
      const atMs = pointAt(entry.work, nowMs)
      entry.nextMs = atMs + entry.work.everyMs
      entry.work.run(atMs)
    }
    if (this.#cancelTimer !== undefined) this.#arm() // Unless the work itself stopped the grid.
  }
}

/** The last point of the grid that is not after `nowMs`. */
function pointAt({ everyMs }: GridWork, nowMs: number): number {
  return Math.floor(nowMs / everyMs) * everyMs
}

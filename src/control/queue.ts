// The work queue: keys, never objects. A key is in at most one of ready and processing (kube:Q1), is never handled twice at once (Q2),
// keeps the earlier of two due times (Q3), and every add leads to a later start (Q4).
import type { Clock } from '../domain/clock.ts'
import type { ObjectKey } from '../domain/kube-object.ts'

/** `user`: somebody just changed something. `background`: initial lists and resyncs; these yield, but are never starved (Q6). */
export type Priority = 'user' | 'background'

export type QueueObserver = {
  added(): void
  retried(): void
  /** Seconds a key waited before its handler started. */
  started(waitedSeconds: number): void
  /** Seconds its handler ran. */
  finished(workedSeconds: number): void
}

/** Of five starts at least one goes to the background when both wait. */
const backgroundShare = 5

export class WorkQueue {
  readonly #clock: Clock
  readonly #observer: QueueObserver
  readonly #ready: Record<Priority, Map<ObjectKey, number>> = { user: new Map(), background: new Map() } // key -> ready since
  readonly #processing = new Map<ObjectKey, number>() // key -> started at
  readonly #dirty = new Map<ObjectKey, Priority>() // Added while processing: runs again after done.
  readonly #timers = new Map<ObjectKey, { dueMs: number; cancel: () => void }>()
  readonly #failures = new Map<ObjectKey, number>()
  readonly #waiting: ((key: ObjectKey | undefined) => void)[] = []
  #userStarts = 0 // Since the last background start.
  #closed = false
  #drained: (() => void)[] = []

  constructor(clock: Clock, observer: QueueObserver) {
    this.#clock = clock
    this.#observer = observer
  }

  add(key: ObjectKey, priority: Priority = 'user'): void {
    if (this.#closed) return
    this.#observer.added()
    this.#cancelTimer(key)
    if (this.#processing.has(key)) {
      if (this.#dirty.get(key) !== 'user') this.#dirty.set(key, priority)
      return
    }
    this.#makeReady(key, priority)
    this.#serve()
  }

  /** Looks at the key again after `delayMs`, or earlier if anything else asks for it earlier. */
  addAfter(key: ObjectKey, delayMs: number): void {
    if (this.#closed) return
    if (delayMs <= 0) {
      this.add(key, 'background')
      return
    }
    const dueMs = this.#clock.monotonicMs() + delayMs
    const scheduled = this.#timers.get(key)
    if (scheduled !== undefined && scheduled.dueMs <= dueMs) return
    scheduled?.cancel()
    const cancel = this.#clock.after(delayMs, () => {
      this.#timers.delete(key)
      this.add(key, 'background')
    })
    this.#timers.set(key, { dueMs, cancel })
  }

  /** Puts the key back with exponential back-off: 5 ms doubling to 300 s, jitter only upward. Returns the delay in milliseconds. */
  retry(key: ObjectKey, jitter: number): number {
    const failures = (this.#failures.get(key) ?? 0) + 1
    this.#failures.set(key, failures)
    this.#observer.retried()
    const delayMs = Math.min(5 * 2 ** (failures - 1), 300_000) * (1 + 0.2 * jitter)
    this.addAfter(key, delayMs)
    return delayMs
  }

  failuresOf(key: ObjectKey): number {
    return this.#failures.get(key) ?? 0
  }

  forget(key: ObjectKey): void {
    this.#failures.delete(key)
  }

  /** The next key to handle; `undefined` once the queue is shut down. Every key taken must be given back by `done`. */
  take(): Promise<ObjectKey | undefined> {
    const key = this.#closed ? undefined : this.#next()
    if (key !== undefined || this.#closed) return Promise.resolve(key)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  done(key: ObjectKey): void {
    const startedMs = this.#processing.get(key)
    if (startedMs === undefined) return
    this.#processing.delete(key)
    this.#observer.finished((this.#clock.monotonicMs() - startedMs) / 1000)
    const priority = this.#dirty.get(key)
    this.#dirty.delete(key)
    if (priority !== undefined && !this.#closed) this.#makeReady(key, priority)
    this.#serve()
    if (this.#closed && this.#processing.size === 0) for (const resolve of this.#drained.splice(0)) resolve()
  }

  /** No handler starts any more; resolves when all running ones have ended (Q7). */
  shutdown(): Promise<void> {
    this.#closed = true
    for (const { cancel } of this.#timers.values()) cancel()
    this.#timers.clear()
    for (const ready of Object.values(this.#ready)) ready.clear()
    this.#dirty.clear()
    for (const resolve of this.#waiting.splice(0)) resolve(undefined)
    if (this.#processing.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#drained.push(resolve))
  }

  depth(priority: Priority): number {
    return this.#ready[priority].size
  }

  /** Seconds the longest and all running handlers have been at work. */
  unfinished(): { longestSeconds: number; totalSeconds: number } {
    const nowMs = this.#clock.monotonicMs()
    const ages = [...this.#processing.values()].map((startedMs) => (nowMs - startedMs) / 1000)
    return { longestSeconds: Math.max(0, ...ages), totalSeconds: ages.reduce((sum, age) => sum + age, 0) }
  }

  #makeReady(key: ObjectKey, priority: Priority): void {
    if (this.#ready.user.has(key)) return
    const since = this.#ready.background.get(key) ?? this.#clock.monotonicMs()
    if (priority === 'user') this.#ready.background.delete(key)
    if (!this.#ready[priority].has(key)) this.#ready[priority].set(key, since)
  }

  #serve(): void {
    while (this.#waiting.length > 0) {
      const key = this.#next()
      if (key === undefined) return
      this.#waiting.shift()?.(key)
    }
  }

  #next(): ObjectKey | undefined {
    const isBackgroundTurn = this.#userStarts >= backgroundShare - 1 || this.#ready.user.size === 0
    const priority: Priority = isBackgroundTurn && this.#ready.background.size > 0 ? 'background' : 'user'
    const [first] = this.#ready[priority]
    if (first === undefined) return undefined
    const [key, readySinceMs] = first
    this.#ready[priority].delete(key)
    this.#userStarts = priority === 'user' ? this.#userStarts + 1 : 0
    const nowMs = this.#clock.monotonicMs()
    this.#processing.set(key, nowMs)
    this.#observer.started((nowMs - readySinceMs) / 1000)
    return key
  }

  #cancelTimer(key: ObjectKey): void {
    this.#timers.get(key)?.cancel()
    this.#timers.delete(key)
  }
}

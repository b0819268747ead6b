// Writes events about objects: merges repeats into series, paces itself, and drops rather than grows. Nobody waits for it (kube:S11).
import { TokenBucket } from '../control/token-bucket.ts'
import type { Clock, Instant } from '../domain/clock.ts'
import type { PlannedEvent } from '../reconcile/plan.ts'
import { type Backoff, backOff, noBackoff } from './backoff.ts'
import { eventName, eventNamespace, eventObject, seriesPatch } from './event-object.ts'
import type { CallFailure } from './failure.ts'
import type { EventObserver } from './observers.ts'
import { collectionPath, objectPath, resourceName } from './paths.ts'
import type { Call, Transport } from './transport.ts'
import type { WriteLimits } from './write-limits.ts'

export type EventRecorderOptions = {
  readonly transport: Pick<Transport, 'send'>
  readonly limits: WriteLimits
  readonly clock: Clock
  readonly random: () => number
  readonly observer: EventObserver
  readonly instance: string // Which replica tells it.
}

/** One reason told of one object, again and again. */
type Series = {
  readonly event: PlannedEvent
  name: string
  firstAt: Instant
  lastAt: Instant
  lastSeenMs: number
  count: number
  written: number // The count as last written; 0: the event does not exist yet.
  notBeforeMs: number // Of the next write.
  isQueued: boolean
  cancelTimer?: () => void
}

const queueMax = 1_000
const oneWriteEveryMs = 60_000
const quietMs = 360_000
const objectBurst = 25
const objectEveryMs = 300_000
const paceMs = 100 // A fifth of all writes at most.
const triesMax = 12

export class EventRecorder {
  readonly #options: EventRecorderOptions
  readonly #series = new Map<string, Series>()
  readonly #buckets = new Map<string, { readonly tokens: TokenBucket; usedMs: number }>() // By the object's UID.
  readonly #queue: Series[] = []
  #isWriting = false
  #isClosed = false
  #cancelPause: (() => void) | undefined
  #cancelSweep: (() => void) | undefined

  constructor(options: EventRecorderOptions) {
    this.#options = options
  }

  emit(event: PlannedEvent): void {
    if (this.#isClosed) return
    const now = this.#options.clock.monotonicMs()
    const key = `${event.regarding.uid}/${event.reason}`
    const known = this.#series.get(key)
    if (known !== undefined && now - known.lastSeenMs < quietMs) {
      this.#repeat(known, now)
      return
    }
    known?.cancelTimer?.()
    const series = this.#begin(event, now)
    if (this.#waitFor(series) > 0) {
      this.#options.observer.dropped('limited')
      this.#sweepLater()
      return
    }
    this.#series.set(key, series)
    this.#sweepLater()
    this.#enqueue(series)
  }

  /** What is not yet written stays unwritten. */
  close(): void {
    this.#isClosed = true
    this.#queue.length = 0
    for (const { cancelTimer } of this.#series.values()) cancelTimer?.()
    this.#series.clear()
    this.#cancelPause?.()
    this.#cancelSweep?.()
  }

  #begin(event: PlannedEvent, now: number): Series {
    const at = this.#options.clock.now()
    const times = { firstAt: at, lastAt: at, lastSeenMs: now, notBeforeMs: now }
    return { event, name: eventName(event, at), ...times, count: 1, written: 0, isQueued: false }
  }

  #repeat(series: Series, now: number): void {
    series.count += 1
    series.lastAt = this.#options.clock.now()
    series.lastSeenMs = now
    if (!series.isQueued && series.cancelTimer === undefined) this.#writeLater(series)
  }

  /** At most one write a minute and series; and when its object has told too much, when it may tell again. */
  #writeLater(series: Series): void {
    const now = this.#options.clock.monotonicMs()
    const waitMs = Math.max(0, series.notBeforeMs - now) || this.#waitFor(series)
    if (waitMs === 0) {
      this.#enqueue(series)
      return
    }
    series.cancelTimer = this.#options.clock.after(waitMs, () => {
      delete series.cancelTimer
      this.#writeLater(series)
    })
  }

  /** Takes a token of the object and answers 0, or takes none and answers how long there will be none. */
  #waitFor({ event }: Series): number {
    const { clock } = this.#options
    const { uid } = event.regarding
    const pace = { perSecond: 1_000 / objectEveryMs, burst: objectBurst }
    const bucket = this.#buckets.get(uid) ?? { tokens: new TokenBucket(pace, clock), usedMs: 0 }
    bucket.usedMs = clock.monotonicMs()
    this.#buckets.set(uid, bucket)
    return bucket.tokens.take()
  }

  #enqueue(series: Series): void {
    series.isQueued = true
    this.#queue.push(series)
    if (this.#queue.length > queueMax) this.#drop(this.#queue.shift(), 'full')
    if (!this.#isWriting) void this.#writeAll()
  }

  #drop(series: Series | undefined, cause: 'full' | 'refused'): void {
    if (series === undefined) return
    series.isQueued = false
    this.#options.observer.dropped(cause)
    if (series.written === 0) this.#series.delete(`${series.event.regarding.uid}/${series.event.reason}`)
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true
    for (let series = this.#queue.shift(); series !== undefined; series = this.#queue.shift()) {
      const failure = await this.#writeWithRetries(series)
      if (this.#isClosed) break
      if (failure !== undefined) this.#drop(series, 'refused')
      else this.#settle(series)
      await this.#pause(paceMs)
    }
    this.#isWriting = false
  }

  #settle(series: Series): void {
    series.isQueued = false
    series.notBeforeMs = this.#options.clock.monotonicMs() + oneWriteEveryMs
    if (series.count > series.written) this.#writeLater(series)
  }

  async #writeWithRetries(series: Series): Promise<CallFailure | undefined> {
    let backoff: Backoff = noBackoff
    for (let tries = 1; ; tries++) {
      const failure = await this.#write(series)
      if (failure === undefined || failure.kind !== 'unavailable' || this.#isClosed) return failure
      if (tries === triesMax) return failure
      const { next, delayMs } = backOff(backoff, { workedForMs: 0, random: this.#options.random() })
      backoff = next
      await this.#pause(Math.max(delayMs, failure.retryAfterMs ?? 0))
    }
  }

  async #write(series: Series): Promise<CallFailure | undefined> {
    const { count } = series
    const call = series.written === 0 ? this.#createCall(series) : patchCall(series)
    const answer = await this.#options.limits.run('ordinary', () => this.#options.transport.send(call))
    if (answer === undefined)
      return { kind: 'unavailable', trouble: 'overloaded', message: 'too many writes wait' }
    if (!answer.ok && answer.failure.kind === 'notFound' && series.written > 0) {
      // Events live for an hour; this one has gone, so the series begins anew.
      series.written = 0
      series.firstAt = series.lastAt
      series.name = eventName(series.event, series.firstAt)
      return this.#write(series)
    }
    // It exists already: an earlier create took effect though its answer was lost.
    if (!answer.ok && answer.failure.kind !== 'alreadyExists') return answer.failure
    // A new event says once; what was repeated meanwhile is told with the next write.
    series.written = series.written === 0 ? 1 : count
    return undefined
  }

  #createCall({ event, name, firstAt }: Series): Call {
    const namespace = eventNamespace(event)
    return {
      question: { verb: 'create', resource: resourceName('Event'), namespace },
      method: 'POST',
      path: collectionPath('Event', namespace),
      body: eventObject(event, { name, firstAt, instance: this.#options.instance }),
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel()
        resolve()
      }
      const cancel = this.#options.clock.after(ms, end)
      this.#cancelPause = end
    })
  }

  /** Forgets what has been quiet, so that objects which come and go leave nothing behind. */
  #sweepLater(): void {
    this.#cancelSweep ??= this.#options.clock.after(quietMs, () => {
      this.#cancelSweep = undefined
      const now = this.#options.clock.monotonicMs()
      for (const [key, series] of this.#series) {
        const isPending = series.isQueued || series.cancelTimer !== undefined
        if (!isPending && now - series.lastSeenMs >= quietMs) this.#series.delete(key)
      }
      for (const [uid, { usedMs }] of this.#buckets) {
        if (now - usedMs >= objectBurst * objectEveryMs) this.#buckets.delete(uid) // It is full again.
      }
      if (this.#series.size + this.#buckets.size > 0) this.#sweepLater()
    })
  }
}

function patchCall({ event, name, count, lastAt }: Series): Call {
  const namespace = eventNamespace(event)
  return {
    question: { verb: 'patch', resource: resourceName('Event'), namespace, name },
    method: 'PATCH',
    path: objectPath({ kind: 'Event', namespace, name }),
    contentType: 'application/merge-patch+json',
    body: seriesPatch(count, lastAt),
  }
}

// Decides whether this replica leads, by one Lease and the local monotonic clock (kube:L1 to L8). A lease is no fence: who writes asks
// `isLeader` right before, because a process that was stopped for a while wakes up still believing what it believed.
import type { Leadership } from '../control/ports.ts'
import type { Clock } from '../domain/clock.ts'
import type { Log } from '../domain/log.ts'
import type { LeaseAnswer, LeaseRecord, LeaseStore } from './lease-store.ts'
import { microTime } from './micro-time.ts'
import type { ElectionObserver } from './observers.ts'

/** Ends the process when a leader neither renews nor steps down in time; see watchdog.ts. */
export type Watchdog = { arm(withinMs: number): void; disarm(): void }

export type ElectorOptions = {
  readonly store: LeaseStore
  readonly identity: string // Of this process alone: pod UID and a random suffix.
  /** Written into the Lease with each renewal, for the other replicas to read. */
  readonly annotations: () => Readonly<Record<string, string>>
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly observer: ElectionObserver
  readonly watchdog: Watchdog
}

// leaseDuration > renewDeadline > 1.2 * retryPeriod.
const leaseDurationMs = 9_000
const renewDeadlineMs = 6_000
const retryPeriodMs = 1_500
const flapMs = 60_000

/** What there is before the first Lease ever. */
const noRecord: LeaseRecord = {
  holder: '',
  durationSeconds: 0,
  acquireTime: '',
  renewTime: '',
  transitions: 0,
  annotations: {},
  labels: {},
  resourceVersion: '',
}

/** One stretch of leading. */
type Term = {
  readonly beganMs: number
  renewedMs: number
  cancelDeadline: () => void
  readonly ending: AbortController
}

export class Elector implements Leadership {
  readonly #options: ElectorOptions
  readonly #listeners = new Set<(isLeader: boolean) => void>()
  #record: LeaseRecord | undefined // As last seen; undefined when there was none.
  #changedMs = Number.NEGATIVE_INFINITY // When this process saw holder or renewal change; never what the record says of the time.
  #term: Term | undefined
  #lostMs = Number.NEGATIVE_INFINITY
  #holdOffUntilMs = Number.NEGATIVE_INFINITY
  #cancelNext: (() => void) | undefined
  #attempting: Promise<void> | undefined
  #isEnding = false

  constructor(options: ElectorOptions) {
    this.#options = options
  }

  /** Begins to contend; returns at once. */
  start(): void {
    if (this.#cancelNext === undefined && this.#attempting === undefined && !this.#isEnding) this.#attempt()
  }

  /** Looks at the clock itself: true only before the deadline, whatever timers have had no chance to fire. */
  isLeader(): boolean {
    return (
      this.#term !== undefined && this.#options.clock.monotonicMs() < this.#term.renewedMs + renewDeadlineMs
    )
  }

  onChange(listener: (isLeader: boolean) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Aborted when this stretch of leading ends, however it ends; undefined while another leads (kube:L7). */
  get term(): AbortSignal | undefined {
    return this.isLeader() ? this.#term?.ending.signal : undefined
  }

  /** True when this process believes to lead though its lease could not be renewed in time: its loop is blocked (kube:M3). */
  isPastDeadline(): boolean {
    return this.#term !== undefined && !this.isLeader()
  }

  /** Who leads, as far as this process last saw, with what that replica says of itself; undefined when nobody does. */
  leader():
    | { readonly identity: string; readonly annotations: Readonly<Record<string, string>> }
    | undefined {
    const { holder, annotations } = this.#record ?? noRecord
    if (holder === '' || this.#isExpired()) return undefined
    return { identity: holder, annotations }
  }

  /** Leads no more and contends no more; leader-only work is told to end. First half of a shutdown (kube:L8). */
  stepDown(): void {
    this.#isEnding = true
    this.#cancelNext?.()
    this.#endTerm('shutting down')
  }

  /** To be called once leader-only work has ended: gives the lease away, so that another need not wait for its end. Never rejects. */
  async release(): Promise<void> {
    this.stepDown()
    await this.#attempting
    const record = this.#record
    if (record?.holder !== this.#options.identity) return
    // 0 seconds are refused.
    const released = { ...record, holder: '', durationSeconds: 1, renewTime: this.#time() }
    const answer = await this.#options.store.write(released, 1_000)
    if (answer.ok) this.#see(answer.value)
  }

  #attempt(): void {
    this.#cancelNext = undefined
    const { clock, log } = this.#options
    const startedMs = clock.monotonicMs()
    this.#attempting = (this.#term === undefined ? this.#contend() : this.#renew(this.#term))
      .catch((error) => log.error('the elector failed, which is a bug of Roundsman', { error }))
      .finally(() => {
        this.#attempting = undefined
        if (!this.#isEnding) this.#attemptAfter(startedMs)
      })
  }

  /** Counted from the start of the attempt before: a call that hung must leave time for another within the deadline. */
  #attemptAfter(startedMs: number): void {
    const { clock, random } = this.#options
    const periodMs = retryPeriodMs * (1 - random() * 0.2) // Only downward: who waits longer takes over later.
    const delayMs = Math.max(0, startedMs + periodMs - clock.monotonicMs())
    this.#cancelNext = clock.after(delayMs, () => this.#attempt())
  }

  async #contend(): Promise<void> {
    const { store, identity } = this.#options
    const found = await store.read(renewDeadlineMs / 2)
    if (!found.ok) {
      this.#options.log.debug('the lease could not be read', { reason: found.failure.message })
      return
    }
    if (found.value === undefined) this.#record = this.#record && { ...this.#record, resourceVersion: '' }
    else this.#see(found.value)
    if (this.#isEnding || !this.#mayTake()) return
    const before = this.#record ?? noRecord
    const isOurs = before.holder === identity
    await this.#hold({
      ...before,
      acquireTime: isOurs ? before.acquireTime : this.#time(),
      transitions: before.transitions + (isOurs || before === noRecord ? 0 : 1),
    })
  }

  /** The lease is free, ours (an answer of ours was lost), or its holder was not heard of for long enough. */
  #mayTake(): boolean {
    if (this.#options.clock.monotonicMs() < this.#holdOffUntilMs) return false
    const { holder } = this.#record ?? noRecord
    return holder === '' || holder === this.#options.identity || this.#isExpired()
  }

  #isExpired(): boolean {
    // A record edited to a short duration does not make its holder stop any sooner than it promised itself.
    const durationMs = Math.max(leaseDurationMs, (this.#record?.durationSeconds ?? 0) * 1_000)
    return this.#options.clock.monotonicMs() >= this.#changedMs + durationMs
  }

  async #renew(term: Term): Promise<void> {
    const record = this.#record
    if (record === undefined) return
    const answer = await this.#hold(record)
    if (answer.ok || this.#term !== term) return
    const { kind, message } = answer.failure
    if (kind !== 'conflict' && kind !== 'notFound' && kind !== 'alreadyExists') {
      this.#options.log.warn('the lease could not be renewed', { reason: message })
      return
    }
    await this.#renewSlowly(term)
  }

  /** The record has moved: by an answer of ours that was lost, by a hand, or because another leads. */
  async #renewSlowly(term: Term): Promise<void> {
    const { store, identity, observer } = this.#options
    observer.slowPath()
    const found = await store.read(this.#callDeadlineMs())
    if (!found.ok || this.#term !== term) return
    if (found.value !== undefined) this.#see(found.value)
    if (found.value !== undefined && found.value.holder !== identity) {
      this.#endTerm(`the lease is held by ${found.value.holder || 'nobody'}`)
      return
    }
    const resourceVersion = found.value?.resourceVersion ?? ''
    await this.#hold({ ...(this.#record ?? noRecord), resourceVersion })
  }

  /** Writes the record as ours; when it takes, the term counts from the moment before it was sent (kube:L3). */
  async #hold(before: LeaseRecord): Promise<LeaseAnswer<LeaseRecord>> {
    const { store, identity, annotations, clock } = this.#options
    const sentMs = clock.monotonicMs()
    const record: LeaseRecord = {
      ...before,
      holder: identity,
      durationSeconds: leaseDurationMs / 1_000,
      renewTime: this.#time(),
      annotations: { ...before.annotations, ...annotations() },
    }
    const answer = await store.write(record, this.#callDeadlineMs())
    if (answer.ok) {
      this.#see(answer.value)
      if (!this.#isEnding) this.#lead(sentMs)
    }
    return answer
  }

  #lead(sentMs: number): void {
    const { clock, observer, log, watchdog } = this.#options
    const leftMs = sentMs + renewDeadlineMs - clock.monotonicMs()
    if (leftMs <= 0) return // The answer came too late to be worth anything.
    const isNew = this.#term === undefined
    this.#term?.cancelDeadline()
    const cancelDeadline = clock.after(leftMs, () => this.#endTerm('the lease was not renewed in time'))
    const { beganMs, ending } = this.#term ?? { beganMs: sentMs, ending: new AbortController() }
    this.#term = { beganMs, renewedMs: sentMs, cancelDeadline, ending }
    watchdog.arm(leftMs)
    if (!isNew) return
    observer.leading(true)
    log.info('this replica leads')
    this.#tell(true)
  }

  #endTerm(reason: string): void {
    const term = this.#term
    if (term === undefined) return
    const { clock, observer, log, watchdog } = this.#options
    this.#term = undefined
    term.cancelDeadline()
    watchdog.disarm()
    if (!this.#isEnding) this.#noteLoss(clock.monotonicMs() - term.beganMs)
    observer.leading(false)
    log.info('this replica leads no more', { reason })
    term.ending.abort()
    this.#tell(false)
  }

  /** One loss is bad luck. Another after a short term: something fights us, and nobody is served by a leader who comes and goes. */
  #noteLoss(ledForMs: number): void {
    const now = this.#options.clock.monotonicMs()
    if (ledForMs < flapMs && now - this.#lostMs < 2 * flapMs) this.#holdOffUntilMs = now + flapMs
    this.#lostMs = now
  }

  #see(record: LeaseRecord): void {
    const before = this.#record
    const isSame = before?.holder === record.holder && before.renewTime === record.renewTime
    if (!isSame) this.#changedMs = this.#options.clock.monotonicMs()
    this.#record = record
  }

  /** min(renewDeadline / 2, time left), so that one hanging call leaves time for another (kube:L4). */
  #callDeadlineMs(): number {
    const term = this.#term
    if (term === undefined) return renewDeadlineMs / 2
    const leftMs = term.renewedMs + renewDeadlineMs - this.#options.clock.monotonicMs()
    return Math.max(0, Math.min(renewDeadlineMs / 2, leftMs))
  }

  #tell(isLeader: boolean): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(isLeader)
      } catch (error) {
        this.#options.log.error('a change of leadership was not taken, which is a bug of Roundsman', {
          error,
        })
      }
    }
  }

  #time(): string {
    return microTime(this.#options.clock.now())
  }
}

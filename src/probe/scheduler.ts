// When each target is probed, and what its outcomes make of its verdict: both together, because an undecided verdict is looked at again
// sooner. One grid slot, one probe; a slot that cannot be kept is skipped and counted, never queued (probing.md section 4).
import { isDeepStrictEqual } from 'node:util'
import type { Clock, Instant } from '../domain/clock.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { ProbeEntry, SchedulePace } from '../domain/probe-entry.ts'
import { firstProbeMs, nextSlotMs, slotsBetween } from '../domain/schedule.ts'
import {
  type Cause,
  doubt,
  doubtAfterMs,
  initialState,
  isUndecided,
  judge,
  type VerdictState,
} from '../domain/verdict.ts'
import { FairQueue } from './fair-queue.ts'
import { PaceCounter } from './pace.ts'
import { createRow, type Row } from './row.ts'
import type { PreparedProbe, ProbeResult } from './runner.ts'
import type { Timers } from './timers.ts'

export type SchedulerListener = {
  started(uid: string): void
  /** One probe ended with an outcome. */
  ended(uid: string, outcome: Outcome, state: VerdictState): void
  /** The probe in flight will have no outcome: withdrawn or skipped. */
  dropped(uid: string): void
  /** The verdict became Unknown without an outcome. */
  doubted(uid: string, state: VerdictState): void
  /** In wall time. */
  due(uid: string, dueAt: Instant): void
}

export type SchedulerParts = {
  readonly clock: Clock
  readonly timers: Timers
  readonly prepare: (entry: ProbeEntry) => PreparedProbe
  readonly listener: SchedulerListener
  readonly inFlightMax?: number
}

/** Whoever cannot start within this time gives the slot up. */
const waitForPlaceMs = 100

export class ProbeScheduler {
  readonly #parts: SchedulerParts
  readonly #inFlightMax: number
  readonly #rows = new Map<string, Row>()
  readonly #waiting = new FairQueue<Row>()
  readonly #pace = new PaceCounter()
  readonly #epochMs: number // Wall time at monotonic 0, read once: the grid does not follow the wall clock's steps.
  #inFlight = 0

  constructor(parts: SchedulerParts) {
    this.#parts = parts
    this.#inFlightMax = parts.inFlightMax ?? 4096
    this.#epochMs = parts.clock.now() - parts.clock.monotonicMs()
  }

  /** Adds a target, or changes it; an equal entry changes nothing. `state` is what was known before a restart, for a new one only. */
  set(entry: ProbeEntry, state?: VerdictState): void {
    const known = this.#rows.get(entry.uid)
    if (known !== undefined && isDeepStrictEqual(known.entry, entry)) return
    const nowMs = this.#nowMs()
    const wasRunning = known?.running !== undefined
    if (known !== undefined) this.#forget(known)
    const row = createRow({
      entry,
      probe: this.#parts.prepare(entry),
      state: known?.state ?? state ?? initialState(this.#parts.clock.now()),
      conclusiveAtMs: known?.conclusiveAtMs ?? nowMs - this.#ageMs(state),
    })
    this.#rows.set(entry.uid, row)
    // The slot of a probe that the change cut short is still the target's; else as if it were new, but never later than it was due.
    const first = firstProbeMs(entry.uid, entry.intervalMs, nowMs)
    this.#dueAt(row, wasRunning ? nowMs : Math.min(first, known?.dueMs ?? first))
    this.#watchForDoubt(row)
  }

  /** The socket of a probe in flight is closed; it has no outcome. */
  remove(uid: string): void {
    const row = this.#rows.get(uid)
    if (row === undefined) return
    this.#rows.delete(uid)
    this.#forget(row)
  }

  stop(): void {
    for (const uid of [...this.#rows.keys()]) this.remove(uid)
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** What was counted since the last call. */
  takePace(): SchedulePace | undefined {
    return this.#pace.take()
  }

  #nowMs(): number {
    return this.#epochMs + this.#parts.clock.monotonicMs()
  }

  #ageMs(state: VerdictState | undefined): number {
    return Math.max(0, this.#parts.clock.now() - (state?.lastConclusiveAt ?? this.#parts.clock.now()))
  }

  #forget(row: Row): void {
    this.#leaveQueue(row)
    if (row.dueTimer !== undefined) this.#parts.timers.cancel(row.dueTimer)
    if (row.doubtTimer !== undefined) this.#parts.timers.cancel(row.doubtTimer)
    if (row.running !== undefined) {
      const { running } = row
      row.running = undefined
      this.#parts.listener.dropped(row.entry.uid)
      running.abort()
    }
  }

  #dueAt(row: Row, dueMs: number): void {
    if (row.dueTimer !== undefined) this.#parts.timers.cancel(row.dueTimer)
    row.dueMs = dueMs
    row.dueTimer = this.#parts.timers.at(dueMs - this.#epochMs, () => this.#fallDue(row))
    this.#parts.listener.due(row.entry.uid, this.#parts.clock.now() + dueMs - this.#nowMs())
  }

  #fallDue(row: Row): void {
    const nowMs = this.#nowMs()
    const passed = slotsBetween(row.grid, row.dueMs, nowMs)
    if (passed > 0) this.#pace.skipped('late', passed) // Of the slots that passed unseen only the latest is kept.
    const slotMs = passed > 0 ? nextSlotMs(row.grid, nowMs - row.grid.intervalMs) : row.dueMs
    this.#dueAt(row, nextSlotMs(row.grid, nowMs))
    if (row.running !== undefined || row.queue !== undefined) {
      this.#pace.skipped('still-running', 1)
    } else if (this.#inFlight < this.#inFlightMax && this.#waiting.isEmpty) {
      this.#start(row, slotMs)
    } else {
      this.#enqueue(row, slotMs)
    }
  }

  #enqueue(row: Row, slotMs: number): void {
    this.#waiting.add(row.entry.namespace, row)
    const timer = this.#parts.timers.after(waitForPlaceMs, () => {
      this.#leaveQueue(row)
      this.#pace.skipped('worker-busy', 1)
    })
    row.queue = { slotMs, timer }
  }

  #leaveQueue(row: Row): void {
    if (row.queue === undefined) return
    this.#waiting.remove(row.entry.namespace, row)
    this.#parts.timers.cancel(row.queue.timer)
    row.queue = undefined
  }

  #start(row: Row, slotMs: number): void {
    const startedMs = this.#nowMs()
    const running = new AbortController()
    row.running = running
    this.#inFlight += 1
    this.#pace.started((startedMs - slotMs) / 1000)
    this.#parts.listener.started(row.entry.uid)
    void row.probe(running.signal).then((result) => {
      this.#inFlight -= 1
      if (row.running === running) this.#finish(row, result, startedMs) // Else withdrawn meanwhile.
      this.#startNext()
    })
  }

  #startNext(): void {
    while (this.#inFlight < this.#inFlightMax) {
      const row = this.#waiting.take()
      if (row?.queue === undefined) return
      const { slotMs } = row.queue
      this.#leaveQueue(row)
      this.#start(row, slotMs)
    }
  }

  #finish(row: Row, result: ProbeResult, startedMs: number): void {
    const { listener, clock } = this.#parts
    const { uid, limits, retryIntervalMs } = row.entry
    row.running = undefined
    if (result.kind !== 'ended') {
      if (result.kind === 'skipped') this.#pace.skipped(result.cause, 1)
      listener.dropped(uid)
      return
    }
    const { outcome } = result
    row.state = judge(row.state, outcome, clock.now(), limits)
    row.lastDoubt = outcome.kind === 'unknown' ? outcome : undefined
    if (outcome.kind !== 'unknown') row.conclusiveAtMs = this.#nowMs()
    listener.ended(uid, outcome, row.state)
    if (retryIntervalMs !== undefined && isUndecided(row.state)) {
      this.#dueAt(row, Math.min(row.dueMs, Math.max(this.#nowMs(), startedMs + retryIntervalMs)))
    }
  }

  // One timer a target that looks every few intervals; it is not moved with each outcome.
  #watchForDoubt(row: Row): void {
    const { limits } = row.entry
    row.doubtTimer = this.#parts.timers.at(row.conclusiveAtMs + doubtAfterMs(limits) - this.#epochMs, () => {
      const isDoubtful = this.#nowMs() - row.conclusiveAtMs >= doubtAfterMs(limits)
      if (isDoubtful && row.state.verdict !== 'Unknown') {
        row.state = doubt(row.state, row.lastDoubt ?? notProbed, this.#parts.clock.now())
        this.#parts.listener.doubted(row.entry.uid, row.state)
      }
      if (isDoubtful) row.conclusiveAtMs = this.#nowMs() // Looked at again after as long.
      this.#watchForDoubt(row)
    })
  }
}

const notProbed: Cause = {
  reason: 'InternalOverload',
  message: 'no probe could be started for three intervals',
}

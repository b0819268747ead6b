// Collects what a worker has to tell and tells it in batches, so that a hundred outcomes cost one message.
import type { Instant } from '../domain/clock.ts'
import type { ProbeEntry, SchedulePace } from '../domain/probe-entry.ts'
import type { SchedulerListener } from './scheduler.ts'
import type { Timer, Timers } from './timers.ts'
import type { FromWorker, WorkerEvent } from './worker-messages.ts'

const everyMs = 100

type Known = { readonly id: number; readonly flag: number }

export class Reporter implements SchedulerListener {
  readonly #timers: Timers
  readonly #inFlight: Uint8Array
  readonly #send: (batch: FromWorker) => void
  readonly #takePace: () => SchedulePace | undefined
  readonly #known = new Map<string, Known>() // By UID.
  #events: WorkerEvent[] = []
  #dues = new Map<number, Instant>()
  #told = new Set<number>() // Flags to clear once the batch has left.
  #next: Timer | undefined

  constructor(parts: {
    readonly timers: Timers
    readonly inFlight: Uint8Array
    readonly send: (batch: FromWorker) => void
    readonly takePace: () => SchedulePace | undefined
  }) {
    this.#timers = parts.timers
    this.#inFlight = parts.inFlight
    this.#send = parts.send
    this.#takePace = parts.takePace
  }

  know(uid: string, known: Known): void {
    this.#known.set(uid, known)
  }

  forget(uid: string): void {
    this.#known.delete(uid)
  }

  readonly started: SchedulerListener['started'] = (uid) => {
    this.#mark(uid, 1)
  }

  readonly dropped: SchedulerListener['dropped'] = (uid) => {
    this.#mark(uid, 0)
    this.#schedule() // A skipped slot shows in the pace.
  }

  readonly ended: SchedulerListener['ended'] = (uid, outcome, state) => {
    const known = this.#known.get(uid)
    if (known === undefined) return
    this.#told.add(known.flag)
    this.#add({ kind: 'outcome', id: known.id, outcome, state })
  }

  readonly doubted: SchedulerListener['doubted'] = (uid, state) => {
    const known = this.#known.get(uid)
    if (known !== undefined) this.#add({ kind: 'state', id: known.id, state })
  }

  readonly due: SchedulerListener['due'] = (uid, dueAt) => {
    const known = this.#known.get(uid)
    if (known === undefined) return
    this.#dues.set(known.id, dueAt)
    this.#schedule()
  }

  defect(entry: ProbeEntry, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#add({ kind: 'defect', id: this.#known.get(entry.uid)?.id ?? -1, error: text })
  }

  #mark(uid: string, value: 0 | 1): void {
    const known = this.#known.get(uid)
    if (known === undefined) return
    this.#told.delete(known.flag)
    this.#inFlight[known.flag] = value
  }

  #add(event: WorkerEvent): void {
    this.#events.push(event)
    this.#schedule()
  }

  #schedule(): void {
    this.#next ??= this.#timers.after(everyMs, () => this.#flush())
  }

  #flush(): void {
    this.#next = undefined
    const pace = this.#takePace()
    this.#send({ events: this.#events, dues: [...this.#dues], ...(pace === undefined ? {} : { pace }) })
    for (const flag of this.#told) this.#inFlight[flag] = 0
    this.#events = []
    this.#dues = new Map()
    this.#told = new Set()
  }
}

// The probe plane as the main thread commands and reads it: targets spread over workers, their latest state, and listeners that are told
// what happens. It never talks to the API server and decides nothing about targets.
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../domain/clock.ts'
import type { Log } from '../domain/log.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { ProbeEntry, ProbeListener, ProbeReport, Transition } from '../domain/probe-entry.ts'
import { shardOf } from '../domain/schedule.ts'
import { initialState, judge, type VerdictState } from '../domain/verdict.ts'
import type { ProbeSettings } from './settings.ts'
import { Shard } from './shard.ts'
import type { FromWorker, ToWorker, WorkerEvent } from './worker-messages.ts'

export type ProbePlaneOptions = {
  /** Threads that probe: 1, up to the number of cores less one. */
  readonly workers: number
  /** `probe/worker.ts`, or what a bundle made of it. */
  readonly workerFile: URL
  readonly settings: ProbeSettings
  readonly clock: Clock
  readonly log: Log
  readonly listeners: readonly ProbeListener[]
  /** What was known of a target before this process started, from the history store; undefined when nothing was. */
  readonly recall?: (uid: string) => VerdictState | undefined
}

/** Satisfies `ProbePlane` of control and `ProbeReader` of reconcile. */
export type RunningProbePlane = {
  /** Adds a target or changes it, at once; an equal entry changes nothing. */
  set(entry: ProbeEntry): void
  /** Ends it at once: the socket of a probe in flight is closed, it has no outcome. Unknown UIDs are fine. */
  remove(uid: string): void
  report(uid: string): ProbeReport | undefined
  /** Ends every worker and with it every socket. Nothing is told afterwards. */
  stop(): Promise<void>
}

const transitionsKept = 10

export function createProbePlane(options: ProbePlaneOptions): RunningProbePlane {
  const plane = new Plane(options)
  return {
    set: (entry) => plane.set(entry),
    remove: (uid) => plane.remove(uid),
    report: (uid) => plane.report(uid),
    stop: () => plane.stop(),
  }
}

type Target = {
  readonly id: number // Never used again, so that late words of a worker find nobody.
  readonly flag: number
  readonly shard: number
  entry: ProbeEntry
  state: VerdictState
  transitions: readonly Transition[]
}

class Plane {
  readonly #options: ProbePlaneOptions
  readonly #targets = new Map<string, Target>() // By UID.
  readonly #byId = new Map<number, Target>()
  readonly #shards: readonly Shard[]
  #lastId = 0

  constructor(options: ProbePlaneOptions) {
    this.#options = options
    const { workerFile, settings, clock, log } = options
    this.#shards = Array.from(
      { length: options.workers },
      (_, index) =>
        new Shard({
          name: `probe-${index}`,
          workerFile,
          settings,
          clock,
          log,
          onBatch: (batch) => this.#take(batch),
          onDeath: (isInFlight) => this.#mourn(index, isInFlight),
          allEntries: () => this.#entriesOf(index),
        }),
    )
  }

  set(entry: ProbeEntry): void {
    const known = this.#targets.get(entry.uid)
    if (known !== undefined && isDeepStrictEqual(known.entry, entry)) return
    const target = known ?? this.#create(entry)
    target.entry = entry
    this.#shards[target.shard]?.post(setMessage(target))
    this.#tell((listener) => listener.onEntry?.(entry, target.state))
  }

  remove(uid: string): void {
    const target = this.#targets.get(uid)
    if (target === undefined) return
    this.#targets.delete(uid)
    this.#byId.delete(target.id)
    const shard = this.#shards[target.shard]
    shard?.post({ kind: 'remove', uid })
    shard?.freeFlag(target.flag)
    this.#tell((listener) => listener.onRemoved?.(target.entry))
  }

  report(uid: string): ProbeReport | undefined {
    const target = this.#targets.get(uid)
    return target === undefined ? undefined : { state: target.state, transitions: target.transitions }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.stop()))
  }

  #create(entry: ProbeEntry): Target {
    const { recall, clock } = this.#options
    const shard = shardOf(entry.uid, this.#shards.length)
    this.#lastId += 1
    const target: Target = {
      id: this.#lastId,
      flag: this.#shards[shard]?.takeFlag() ?? 0,
      shard,
      entry,
      state: recall?.(entry.uid) ?? initialState(clock.now()),
      transitions: [],
    }
    this.#targets.set(entry.uid, target)
    this.#byId.set(target.id, target)
    return target
  }

  *#entriesOf(shard: number): Iterable<ToWorker> {
    for (const target of this.#targets.values()) if (target.shard === shard) yield setMessage(target)
  }

  #take({ events, dues, pace }: FromWorker): void {
    for (const event of events) this.#takeEvent(event)
    for (const [id, dueAt] of dues) {
      const target = this.#byId.get(id)
      if (target !== undefined) this.#tell((listener) => listener.onDue?.(target.entry, dueAt))
    }
    if (pace !== undefined) this.#tell((listener) => listener.onSchedule?.(pace))
  }

  #takeEvent(event: WorkerEvent): void {
    const target = this.#byId.get(event.id)
    if (event.kind === 'defect') {
      const { namespace, target: name } = target?.entry ?? {}
      this.#options.log.error('A probe met a defect of Roundsman', {
        namespace,
        target: name,
        error: event.error,
      })
      return
    }
    if (target === undefined) return // Removed meanwhile.
    if (event.kind === 'outcome') this.#conclude(target, event.outcome, event.state)
    else this.#become(target, event.state)
  }

  #conclude(target: Target, outcome: Outcome, state: VerdictState): void {
    const before = target.state
    target.state = state
    this.#tell((listener) => listener.onOutcome?.(target.entry, outcome, state))
    this.#tellChange(target, before)
  }

  #become(target: Target, state: VerdictState): void {
    const before = target.state
    target.state = state
    this.#tellChange(target, before)
  }

  #tellChange(target: Target, before: VerdictState): void {
    const { entry, state } = target
    if (before.verdict !== state.verdict) {
      const transition = { time: state.since, from: before.verdict, to: state.verdict, reason: state.reason }
      target.transitions = [...target.transitions, transition].slice(-transitionsKept)
      this.#tell((listener) => listener.onTransition?.(entry, transition, state))
    } else if (before.reason !== state.reason) {
      this.#tell((listener) => listener.onReasonChange?.(entry, state))
    }
  }

  // The states live on and go to the next worker; a probe that was in flight ended by our own fault.
  #mourn(shard: number, isInFlight: (flag: number) => boolean): void {
    for (const target of this.#targets.values()) {
      if (target.shard !== shard || !isInFlight(target.flag)) continue
      const now = this.#options.clock.now()
      const outcome: Outcome = {
        kind: 'unknown',
        reason: 'InternalError',
        message: 'a defect of Roundsman: the worker died while it probed',
        startedAt: now,
        durationSeconds: 0,
        phases: {},
        attempts: 1,
        measurementDegraded: false,
      }
      this.#conclude(target, outcome, judge(target.state, outcome, now, target.entry.limits))
    }
  }

  #tell(say: (listener: ProbeListener) => void): void {
    for (const listener of this.#options.listeners) say(listener)
  }
}

function setMessage({ id, flag, entry, state }: Target): ToWorker {
  return { kind: 'set', id, flag, entry, state }
}

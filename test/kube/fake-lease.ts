// One Lease in memory behind a network that a test can slow down, cut and lie with; and a process that can be stopped and continued.
import type { Clock } from '../../src/domain/clock.ts'
import type { LeaseAnswer, LeaseRecord, LeaseStore } from '../../src/kube/lease-store.ts'
import type { FakeClock } from '../fakes/clock.ts'

export class FakeLease {
  record: LeaseRecord | undefined
  #version = 0

  read(): LeaseRecord | undefined {
    return this.record
  }

  write(record: LeaseRecord): LeaseAnswer<LeaseRecord> {
    if (record.resourceVersion === '' && this.record !== undefined) return refused('alreadyExists')
    if (record.resourceVersion !== '' && this.record === undefined) return refused('notFound')
    if (record.resourceVersion !== (this.record?.resourceVersion ?? '')) return refused('conflict')
    return { ok: true, value: this.#store(record) }
  }

  /** What a person does with kubectl. */
  edit(change: Partial<LeaseRecord>): void {
    if (this.record !== undefined) this.#store({ ...this.record, ...change })
  }

  #store(record: LeaseRecord): LeaseRecord {
    this.#version += 1
    this.record = { ...record, resourceVersion: String(this.#version) }
    return this.record
  }
}

/** How the next call of one process fares: the request and the answer each take their time, or never arrive. */
export type Weather = {
  readonly requestMs: number
  readonly answerMs: number
  readonly lost: 'none' | 'request' | 'answer'
}

export const fair: Weather = { requestMs: 1, answerMs: 1, lost: 'none' }

/** `world` is the clock of the server and the wires, `process` that of the caller, which may be stopped when the answer arrives. */
export function leaseOver(
  lease: FakeLease,
  { world, process, weather }: { world: Clock; process: Clock; weather: () => Weather },
): LeaseStore {
  const call = <Value>(deadlineMs: number, carryOut: () => LeaseAnswer<Value>): Promise<LeaseAnswer<Value>> =>
    new Promise((resolve) => {
      const { requestMs, answerMs, lost } = weather()
      process.after(deadlineMs, () => resolve(refused('unavailable')))
      if (lost === 'request') return
      world.after(requestMs, () => {
        const answer = carryOut()
        if (lost !== 'answer') world.after(answerMs, () => process.after(0, () => resolve(answer)))
      })
    })
  return {
    read: (deadlineMs) => call(deadlineMs, () => ({ ok: true, value: lease.read() })),
    write: (record, deadlineMs) => call(deadlineMs, () => lease.write(record)),
  }
}

function refused(kind: 'alreadyExists' | 'notFound' | 'conflict' | 'unavailable'): LeaseAnswer<never> {
  return { ok: false, failure: { kind, message: kind } }
}

/** The clock of one process. While it is stopped time goes on, but none of its timers is called; they are when it continues. */
export class ProcessClock implements Clock {
  readonly #world: FakeClock
  readonly #held: (() => void)[] = []
  #wallOffsetMs = 0
  isStopped = false

  constructor(world: FakeClock) {
    this.#world = world
  }

  now(): number {
    return this.#world.now() + this.#wallOffsetMs
  }

  monotonicMs(): number {
    return this.#world.monotonicMs()
  }

  after(delayMs: number, callback: () => void): () => void {
    let isCancelled = false
    const run = (): void => {
      if (!isCancelled) callback()
    }
    this.#world.after(delayMs, () => {
      if (this.isStopped) this.#held.push(run)
      else run()
    })
    return () => {
      isCancelled = true
    }
  }

  stepWall(ms: number): void {
    this.#wallOffsetMs += ms
  }

  stop(): void {
    this.isStopped = true
  }

  continue(): void {
    this.isStopped = false
    for (const run of this.#held.splice(0)) run()
  }
}

// One probe worker as the main thread sees it: told what to probe, listened to, and started again when it died. What the targets are and
// what came of their probes is kept by the caller.
import { Worker } from 'node:worker_threads'
import type { Clock } from '../domain/clock.ts'
import type { Log } from '../domain/log.ts'
import type { ProbeSettings } from './settings.ts'
import type { FromWorker, ToWorker, WorkerSetup } from './worker-messages.ts'

export type ShardOptions = {
  readonly name: string
  readonly workerFile: URL
  readonly settings: ProbeSettings
  readonly clock: Clock
  readonly log: Log
  readonly onBatch: (batch: FromWorker) => void
  /** It died: `isInFlight` tells of each flag whether a probe was under way. Called before the next one starts. */
  readonly onDeath: (isInFlight: (flag: number) => boolean) => void
  /** All that the next one must be told. */
  readonly allEntries: () => Iterable<ToWorker>
}

/**
 * A probe leaves little behind and its garbage dies young. A large young generation would only be cleared more rarely, and then for
 * tens of milliseconds, which bend whatever is being measured.
 */
const youngGenerationMiB = 8

/** One byte each: far more targets than one worker can probe. */
const flagsMax = 1024 * 1024

const firstRestartDelayMs = 100
const longestRestartDelayMs = 30_000
/** Whoever lived so long did not die of what the restarts before it died of. */
const aliveLongEnoughMs = 60_000

export class Shard {
  readonly #options: ShardOptions
  readonly #freeFlags: number[] = []
  #flagsUsed = 0
  #inFlight = new SharedArrayBuffer(flagsMax)
  #worker: Worker | undefined
  #isStopped = false
  #restartDelayMs = firstRestartDelayMs
  #cancelRestart: (() => void) | undefined

  constructor(options: ShardOptions) {
    this.#options = options
    this.#spawn()
  }

  takeFlag(): number {
    const free = this.#freeFlags.pop()
    if (free !== undefined) return free
    this.#flagsUsed += 1
    return this.#flagsUsed - 1
  }

  freeFlag(flag: number): void {
    this.#freeFlags.push(flag)
  }

  post(message: ToWorker): void {
    this.#worker?.postMessage(message)
  }

  /** Closes every socket; nothing is told any more. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelRestart?.()
    await this.#worker?.terminate()
  }

  #spawn(): void {
    const { name, workerFile, settings, clock, onBatch, allEntries } = this.#options
    const startedMs = clock.monotonicMs()
    const setup: WorkerSetup = { settings, inFlight: this.#inFlight }
    const worker = new Worker(workerFile, {
      name,
      workerData: setup,
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMiB },
    })
    this.#worker = worker
    let cause: unknown
    worker.on('message', (batch: FromWorker) => {
      if (!this.#isStopped) onBatch(batch)
    })
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', (code) => this.#exited({ code, cause, aliveMs: clock.monotonicMs() - startedMs }))
    for (const message of allEntries()) this.post(message)
  }

  #exited(end: { readonly code: number; readonly cause: unknown; readonly aliveMs: number }): void {
    this.#worker = undefined
    if (this.#isStopped) return
    const { name, log, onDeath, clock } = this.#options
    if (end.aliveMs >= aliveLongEnoughMs) this.#restartDelayMs = firstRestartDelayMs
    log.error('A probe worker died and is started again', {
      worker: name,
      exitCode: end.code,
      error: end.cause,
      restartInMs: this.#restartDelayMs,
    })
    const flags = new Uint8Array(this.#inFlight)
    onDeath((flag) => flags[flag] === 1)
    this.#inFlight = new SharedArrayBuffer(flagsMax)
    this.#cancelRestart = clock.after(this.#restartDelayMs, () => this.#spawn())
    this.#restartDelayMs = Math.min(2 * this.#restartDelayMs, longestRestartDelayMs)
  }
}

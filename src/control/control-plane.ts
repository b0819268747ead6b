// Puts the parts together: source -> store -> triggers -> queue -> loop. Starts acting when every cache is filled, and ends in order.
import type { Clock } from '../domain/clock.ts'
import type { KindName, OwnKind } from '../domain/kinds.ts'
import { keyOf, type ObjectKey } from '../domain/kube-object.ts'
import type { Log } from '../domain/log.ts'
import type { AlertmanagerReader, Installation, ProbeReader } from '../reconcile/ports.ts'
import type { Reconciler } from '../reconcile/reconciler.ts'
import type { Means } from './carry-out.ts'
import { Ledger } from './ledger.ts'
import { type LoopObserver, runLoop } from './loop.ts'
import type {
  ClusterSink,
  ClusterSource,
  JudgeTable,
  Leadership,
  OutsideSink,
  ProbePlane,
  Shard,
} from './ports.ts'
import { type QueueObserver, WorkQueue } from './queue.ts'
import { StatusWriter } from './status-writer.ts'
import { Store } from './store.ts'
import { allKeys, keysConcernedBy, keysOf } from './triggers.ts'

/** Every kind whose cache must be filled before anything is decided. */
export const watchedKinds = [
  'InspectionTarget',
  'AlertPolicy',
  'Silence',
  'PrometheusRule',
  'ServiceMonitor',
  'AlertmanagerConfig',
  'Prometheus',
  'Alertmanager',
  'Service',
  'EndpointSlice',
  'Namespace',
] as const satisfies readonly KindName[]

export type ControlPlaneParts = {
  readonly source: ClusterSource
  readonly sink: ClusterSink
  readonly outside: OutsideSink
  readonly plane: ProbePlane
  readonly judge: JudgeTable
  readonly probes: ProbeReader
  readonly alertmanagers: AlertmanagerReader
  readonly leadership: Leadership
  readonly shard: Shard
  readonly installation: Installation
  readonly reconcilers: Readonly<Record<OwnKind, Reconciler>>
  readonly clock: Clock
  readonly log: Log
  readonly observer: { readonly loop: LoopObserver; readonly queue: QueueObserver }
  readonly random: () => number
  /** How many keys are handled at once. */
  readonly workers: number
}

export class ControlPlane {
  readonly store = new Store()
  readonly queue: WorkQueue
  /** Resolves when every watched kind is either filled or known to be unreadable, and the loop has begun. */
  readonly started: Promise<void>
  readonly #parts: ControlPlaneParts
  #loop: Promise<void> | undefined
  #begin: () => void = () => {}

  constructor(parts: ControlPlaneParts) {
    this.#parts = parts
    this.queue = new WorkQueue(parts.clock, parts.observer.queue)
    this.started = new Promise((resolve) => {
      this.#begin = resolve
    })
    this.#listen()
  }

  start(): void {
    this.#parts.source.start(this.store)
    this.#beginWhenSettled()
  }

  /** A verdict changed, or something outside that this object decides on. */
  queueKey(key: ObjectKey): void {
    this.queue.add(key)
  }

  /** Something outside changed that every object of the kind may decide on. */
  queueKind(kind: OwnKind): void {
    for (const key of keysOf(kind, this.store)) this.queue.add(key, 'background')
  }

  /** The kinds that are still being read, for readiness and for the sentence when they never end. */
  unsettled(): readonly KindName[] {
    return watchedKinds.filter((kind) => this.store.availability(kind).state === 'syncing')
  }

  /** No decision starts any more; resolves when the running ones have ended and the source is closed. Idempotent. */
  async stop(): Promise<void> {
    await this.queue.shutdown()
    await this.#loop
    await this.#parts.source.stop()
  }

  #listen(): void {
    const { store, queue } = this
    store.onChange((change) => {
      const priority = change.fromList ? 'background' : 'user'
      for (const key of keysConcernedBy(change, store)) queue.add(key, priority)
    })
    store.onAvailability(() => {
      this.queueKind('AlertPolicy')
      this.#beginWhenSettled()
    })
    this.#parts.leadership.onChange((isLeader) => {
      if (isLeader) this.#queueAll()
    })
    this.#parts.shard.onChange(() => this.queueKind('InspectionTarget'))
  }

  #beginWhenSettled(): void {
    if (this.#loop !== undefined || this.unsettled().length > 0) return
    this.#loop = this.#run()
    this.#begin()
  }

  #run(): Promise<void> {
    const { store, queue } = this
    const { source: _source, workers, observer, sink, clock, ...parts } = this.#parts
    const ledger = new Ledger()
    const statusWriter = new StatusWriter({ sink, store, clock })
    const means: Means = { ...parts, sink, store, statusWriter }
    const { probes, alertmanagers, installation } = parts
    const sources = { objects: store, probes, alertmanagers, carriedOut: ledger, installation }
    return runLoop({ ...parts, sources, means, queue, ledger, clock, observer: observer.loop }, workers)
  }

  #queueAll(): void {
    for (const key of allKeys(this.store)) this.queue.add(key, 'background')
  }
}

/** The key of an InspectionTarget, as the probe plane names it. */
export function targetKey(namespace: string, name: string): ObjectKey {
  return keyOf({ kind: 'InspectionTarget', namespace, name })
}

// Puts the parts of this folder together over one API server: what main.ts gets.
import type { Answer, ClusterSink } from '../control/ports.ts'
import type { Clock } from '../domain/clock.ts'
import type { Log } from '../domain/log.ts'
import { type ApiLocation, openAccess } from './access.ts'
import { readClusterId } from './cluster-id.ts'
import { Elector } from './elector.ts'
import { EventRecorder } from './events.ts'
import { leaseStore } from './lease-store.ts'
import type { KubeObserver } from './observers.ts'
import { KubeSink } from './sink.ts'
import { KubeSource } from './source.ts'
import { Transport } from './transport.ts'
import { startWatchdog } from './watchdog.ts'
import { WriteLimits } from './write-limits.ts'

export type KubeOptions = {
  readonly location: ApiLocation // From `locateApi`.
  readonly clock: Clock
  readonly random: () => number // 0 <= random() < 1.
  readonly log: Log
  readonly observer: KubeObserver
  readonly identity: string // Of this process alone: pod UID, or host name, and a random suffix.
  readonly lease: {
    readonly name: string
    /** Absent: the namespace that the process runs in, or that of the kubeconfig's context. */
    readonly namespace?: string
    /** Written with each renewal, for the other replicas: the address that takes posts of the relay, say. */
    readonly annotations?: () => Readonly<Record<string, string>>
  }
  readonly watchdogFile: URL // watchdog-worker.ts, or what it was bundled to.
  /** Absent or empty: the whole cluster. */
  readonly namespaces?: readonly string[]
}

export type KubeConnection = {
  readonly source: KubeSource
  readonly sink: ClusterSink
  readonly elector: Elector
  readonly namespace: string // That of the Lease.
  /** Which cluster this is; tries for two minutes. */
  clusterId(): Promise<Answer<string>>
  /** The last thing to do, after `source.stop` and `elector.release`: gives up every call and closes every socket. */
  close(): Promise<void>
}

/** Opens nothing yet but files; rejects with one sentence when the configuration cannot be used. */
export async function connectKube(options: KubeOptions): Promise<KubeConnection> {
  const { location, clock, random, log, observer, identity, lease, namespaces } = options
  const access = await openAccess(location, clock)
  const transport = new Transport({ access, clock, random, log, observer: observer.requests })
  const limits = new WriteLimits(clock)
  const events = new EventRecorder({
    transport,
    limits,
    clock,
    random,
    observer: observer.events,
    instance: identity,
  })
  const watchdog = startWatchdog(options.watchdogFile)
  const namespace = lease.namespace ?? access.namespace
  const elector = new Elector({
    store: leaseStore(transport, { namespace, name: lease.name }),
    identity,
    annotations: lease.annotations ?? (() => ({})),
    clock,
    random,
    log,
    observer: observer.election,
    watchdog,
  })
  return {
    source: new KubeSource({
      transport,
      clock,
      random,
      log,
      observer: observer.reflectors,
      ...(namespaces === undefined ? {} : { namespaces }),
    }),
    sink: new KubeSink({
      transport,
      limits,
      emit: (event) => events.emit(event),
      term: () => elector.term,
    }),
    elector,
    namespace,
    clusterId: () => readClusterId(transport, { clock, random }),
    close: async () => {
      events.close()
      await transport.close()
      await watchdog.close()
    },
  }
}

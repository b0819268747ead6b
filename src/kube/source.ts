// Fills the store from the API server: a reflector for every kind that decisions look at, and a watch of the definitions that wakes those
// whose kind was not served (kube:R14).
import type { watchedKinds } from '../control/control-plane.ts'
import type { ClusterSource, SourceListener } from '../control/ports.ts'
import type { Clock } from '../domain/clock.ts'
import type { KindName } from '../domain/kinds.ts'
import type { KubeObject } from '../domain/kube-object.ts'
import type { Log } from '../domain/log.ts'
import { KindFeed } from './kind-feed.ts'
import type { Selection } from './list.ts'
import type { ReflectorObserver } from './observers.ts'
import { resourceName } from './paths.ts'
import { Reflector, type ReflectorListener } from './reflector.ts'
import type { Transport } from './transport.ts'

export type KubeSourceOptions = {
  readonly transport: Transport
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly observer: ReflectorObserver
  /** Absent or empty: the whole cluster. */
  readonly namespaces?: readonly string[]
}

const ours = 'app.kubernetes.io/managed-by=roundsman'

type WatchedKind = (typeof watchedKinds)[number]

/**
 * Of kinds that everybody makes, only what Roundsman made; Secrets never (kube:R16). ServiceMonitors all the same: what a foreign one
 * scrapes must not be scraped again.
 */
const watched: Readonly<Record<WatchedKind, { readonly labelSelector?: string }>> = {
  InspectionTarget: {},
  AlertPolicy: {},
  Silence: {},
  PrometheusRule: { labelSelector: ours },
  ServiceMonitor: {},
  AlertmanagerConfig: { labelSelector: ours },
  Prometheus: {},
  Alertmanager: {},
  Service: {},
  EndpointSlice: {},
  Namespace: {},
}

const doubtMs = 300_000

export class KubeSource implements ClusterSource {
  readonly #options: KubeSourceOptions
  readonly #reflectors = new Map<string, Reflector[]>() // By the name of the resource, which is that of its definition.
  #definitions: Reflector | undefined
  #rewoundMs = Number.NEGATIVE_INFINITY

  constructor(options: KubeSourceOptions) {
    this.#options = options
  }

  start(listener: SourceListener): void {
    for (const kind of Object.keys(watched) as WatchedKind[]) {
      this.#watch(kind, watched[kind].labelSelector, listener)
    }
    this.#definitions = this.#reflectorFor(
      { kind: 'CustomResourceDefinition', metadataOnly: true },
      this.#definitionListener(),
    )
    for (const reflector of this.#all()) reflector.start()
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#all()].map((reflector) => reflector.stop()))
  }

  /**
   * True for five minutes after the API server showed an older state than before, as after a restored backup of etcd: what is missing now
   * may only be missing from the backup, so nothing outside the cluster is deleted (kube:R9).
   */
  isHistoryDoubtful(): boolean {
    return this.#options.clock.monotonicMs() - this.#rewoundMs < doubtMs
  }

  /** When each reflector last tried to list or watch; one whose time is minutes ago is stuck (kube:M3). */
  lastAttempts(): readonly { readonly kind: string; readonly atMonotonicMs: number }[] {
    return [...this.#all()].map(({ kind, lastAttemptMs }) => ({ kind, atMonotonicMs: lastAttemptMs }))
  }

  #watch(kind: KindName, labelSelector: string | undefined, listener: SourceListener): void {
    const { observer } = this.#options
    const feed = new KindFeed(kind, {
      listener: tellingObserver(listener, observer),
      onRewound: () => {
        this.#rewoundMs = this.#options.clock.monotonicMs()
      },
    })
    const selections = this.#selections(kind, labelSelector)
    const parts = selections.map((selection) => this.#reflectorFor(selection, feed.addPart()))
    this.#reflectors.set(resourceName(kind), parts)
  }

  #selections(kind: KindName, labelSelector: string | undefined): readonly Selection[] {
    const { namespaces = [] } = this.#options
    const whole = { kind, ...(labelSelector === undefined ? {} : { labelSelector }) }
    if (namespaces.length === 0) return [whole]
    // A role may name single namespaces; a list by field is how it can be used.
    if (kind === 'Namespace')
      return namespaces.map((name) => ({ ...whole, fieldSelector: `metadata.name=${name}` }))
    return namespaces.map((namespace) => ({ ...whole, namespace }))
  }

  #reflectorFor(selection: Selection, listener: ReflectorListener): Reflector {
    const { transport, clock, random, log, observer } = this.#options
    return new Reflector({ selection, listener, transport, clock, random, log, observer })
  }

  /** A definition that is there, or has just become established: whoever waits for its kind looks again. */
  #definitionListener(): ReflectorListener {
    const look = ({ metadata }: KubeObject): void => {
      for (const reflector of this.#reflectors.get(metadata.name) ?? []) reflector.wake()
    }
    return {
      replace: (definitions) => definitions.forEach(look),
      upsert: look,
      remove: () => {}, // Its watches end by themselves, and answer then that the kind is not served.
      setAvailability: () => {}, // Without it the kinds are looked at in their own time.
      rewound: () => {},
    }
  }

  *#all(): Generator<Reflector> {
    for (const reflectors of this.#reflectors.values()) yield* reflectors
    if (this.#definitions !== undefined) yield this.#definitions
  }
}

function tellingObserver(listener: SourceListener, observer: ReflectorObserver): SourceListener {
  return {
    replace: (kind, objects, options) => listener.replace(kind, objects, options),
    upsert: (kind, object) => listener.upsert(kind, object),
    remove: (kind, object) => listener.remove(kind, object),
    setAvailability: (kind, availability) => {
      observer.synced(kind, availability.state === 'synced')
      listener.setAvailability(kind, availability)
    },
  }
}

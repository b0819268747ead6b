// What the Kubernetes adapter tells about itself: requests, leadership, reflectors, events. Names and labels are those of client-go and
// controller-runtime where they have one (kube:M1). The type below is structurally the observer that the adapter declares.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Instant } from '../domain/clock.ts'

export type KubeObserver = {
  readonly requests: {
    answered(request: {
      readonly verb: string
      readonly method: string
      readonly host: string
      readonly code: string
      readonly seconds: number
    }): void
    retried(request: { readonly verb: string; readonly host: string; readonly code: string }): void
  }
  readonly reflectors: {
    eventSeen(kind: string): void
    synced(kind: string, isSynced: boolean): void
    relisted(kind: string, reason: string): void
    watchFailed(kind: string, code: string): void
  }
  readonly election: { leading(isLeader: boolean): void; slowPath(): void }
  readonly events: { dropped(cause: string): void }
}

const requestBuckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60]

/** `lease` is the name under which leadership is told; `now` gives the wall time of what a reflector sees. */
export function createKubeMetrics(
  registry: Registry,
  { lease, now }: { readonly lease: string; readonly now: () => Instant },
): KubeObserver {
  return {
    requests: requestMetrics(registry),
    reflectors: reflectorMetrics(registry, now),
    election: electionMetrics(registry, lease),
    events: eventMetrics(registry),
  }
}

function requestMetrics(registry: Registry): KubeObserver['requests'] {
  const registers = [registry]
  const total = new Counter({
    name: 'rest_client_requests_total',
    help: 'Requests to the API server, by answer.',
    labelNames: ['code', 'method', 'host'],
    registers,
  })
  const duration = new Histogram({
    name: 'rest_client_request_duration_seconds',
    help: 'Time from sending a request to the end of its answer, of a watch to its headers.',
    labelNames: ['verb', 'host'],
    buckets: requestBuckets,
    registers,
  })
  const retries = new Counter({
    name: 'rest_client_request_retries_total',
    help: 'Requests sent again after 429, or after 5xx with Retry-After.',
    labelNames: ['code', 'verb', 'host'],
    registers,
  })
  return {
    answered: ({ verb, method, host, code, seconds }) => {
      total.inc({ code, method, host })
      duration.observe({ verb, host }, seconds)
    },
    retried: ({ verb, host, code }) => retries.inc({ code, verb, host }),
  }
}

function electionMetrics(registry: Registry, name: string): KubeObserver['election'] {
  const registers = [registry]
  const status = new Gauge({
    name: 'leader_election_master_status',
    help: '1 while this process leads.',
    labelNames: ['name'],
    registers,
  })
  const slowpath = new Counter({
    name: 'leader_election_slowpath_total',
    help: 'Renewals that had to read the lease again because it had moved.',
    labelNames: ['name'],
    registers,
  })
  status.set({ name }, 0)
  slowpath.inc({ name }, 0)
  return {
    leading: (isLeader) => status.set({ name }, isLeader ? 1 : 0),
    slowPath: () => slowpath.inc({ name }),
  }
}

function reflectorMetrics(registry: Registry, now: () => Instant): KubeObserver['reflectors'] {
  const registers = [registry]
  const labelNames = ['kind'] as const
  const lastEvent = new Gauge({
    name: 'reflector_last_event_timestamp_seconds',
    help: 'When anything last came from the API server.',
    labelNames,
    registers,
  })
  const synced = new Gauge({
    name: 'reflector_synced',
    help: '1 while the cache holds a complete list.',
    labelNames,
    registers,
  })
  const relists = new Counter({
    name: 'reflector_relists_total',
    help: 'Lists after the first one, by cause.',
    labelNames: ['kind', 'reason'],
    registers,
  })
  const failures = new Counter({
    name: 'reflector_watch_failures_total',
    help: 'Watches and lists that did not end normally, by HTTP or system code.',
    labelNames: ['kind', 'code'],
    registers,
  })
  return {
    eventSeen: (kind) => lastEvent.set({ kind }, now() / 1000),
    synced: (kind, isSynced) => synced.set({ kind }, isSynced ? 1 : 0),
    relisted: (kind, reason) => relists.inc({ kind, reason }),
    watchFailed: (kind, code) => failures.inc({ kind, code }),
  }
}

function eventMetrics(registry: Registry): KubeObserver['events'] {
  const dropped = new Counter({
    name: 'roundsman_events_dropped_total',
    help: 'Kubernetes events that were not written, by cause.',
    labelNames: ['cause'],
    registers: [registry],
  })
  return { dropped: (cause) => dropped.inc({ cause }) }
}

/** `reflector_objects`: read at every scrape from whoever holds the cache. */
export function watchObjectCounts(
  registry: Registry,
  counts: () => Iterable<readonly [kind: string, objects: number]>,
): void {
  new Gauge({
    name: 'reflector_objects',
    help: 'Objects in the cache.',
    labelNames: ['kind'],
    registers: [registry],
    collect() {
      for (const [kind, objects] of counts()) this.set({ kind }, objects)
    },
  })
}

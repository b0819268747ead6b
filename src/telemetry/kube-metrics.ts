// What the Kubernetes adapter tells about itself: requests, leadership, reflectors. Names and labels are those of client-go and
// controller-runtime where they have one (kube:M1).
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

export type RequestObserver = {
  /** One answer of the API server; `code` is the HTTP status as text, or `<error>` when there was none. */
  answered(request: {
    readonly verb: string
    readonly method: string
    readonly host: string
    readonly code: string
    readonly seconds: number
  }): void
  retried(request: { readonly verb: string; readonly host: string; readonly code: string }): void
}

export type LeaderObserver = {
  changed(isLeader: boolean): void
  /** A renewal that took longer than it should, so that leadership nearly was lost. */
  slow(): void
}

export type ReflectorObserver = {
  /** Any line of a watch or page of a list arrived, at this wall time. */
  received(atMs: number): void
  synced(isSynced: boolean): void
  holds(objects: number): void
  relisted(why: { readonly reason: string; readonly code: string }): void
  watchFailed(why: { readonly reason: string; readonly code: string }): void
}

export type KubeMetrics = {
  readonly requests: RequestObserver
  leader(lease: string): LeaderObserver
  reflector(kind: string): ReflectorObserver
}

const requestBuckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60]

export function createKubeMetrics(registry: Registry): KubeMetrics {
  return {
    requests: requestMetrics(registry),
    leader: leaderMetrics(registry),
    reflector: reflectorMetrics(registry),
  }
}

function requestMetrics(registry: Registry): RequestObserver {
  const registers = [registry]
  const total = new Counter({
    name: 'rest_client_requests_total',
    help: 'Requests to the API server, by answer.',
    labelNames: ['code', 'method', 'host'],
    registers,
  })
  const duration = new Histogram({
    name: 'rest_client_request_duration_seconds',
    help: 'Time from sending a request to the end of its answer.',
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

function leaderMetrics(registry: Registry): KubeMetrics['leader'] {
  const registers = [registry]
  const status = new Gauge({
    name: 'leader_election_master_status',
    help: '1 while this process leads.',
    labelNames: ['name'],
    registers,
  })
  const slowpath = new Counter({
    name: 'leader_election_slowpath_total',
    help: 'Renewals that took too long or had to be read again.',
    labelNames: ['name'],
    registers,
  })
  return (name) => {
    status.set({ name }, 0)
    slowpath.inc({ name }, 0)
    return {
      changed: (isLeader) => status.set({ name }, isLeader ? 1 : 0),
      slow: () => slowpath.inc({ name }),
    }
  }
}

function reflectorMetrics(registry: Registry): KubeMetrics['reflector'] {
  const registers = [registry]
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `reflector_${name}`, help, labelNames: ['kind'], registers })
  const counter = (name: string, help: string) =>
    new Counter({ name: `reflector_${name}`, help, labelNames: ['kind', 'reason', 'code'], registers })
  const lastEvent = gauge('last_event_timestamp_seconds', 'When anything last came from the API server.')
  const synced = gauge('synced', '1 while the cache holds a complete list.')
  const objects = gauge('objects', 'Objects in the cache.')
  const relists = counter('relists_total', 'Lists after the first one, by cause.')
  const failures = counter('watch_failures_total', 'Watches that ended in trouble, by cause.')
  return (kind) => {
    synced.set({ kind }, 0)
    return {
      received: (atMs) => lastEvent.set({ kind }, atMs / 1000),
      synced: (isSynced) => synced.set({ kind }, isSynced ? 1 : 0),
      holds: (count) => objects.set({ kind }, count),
      relisted: (why) => relists.inc({ kind, ...why }),
      watchFailed: (why) => failures.inc({ kind, ...why }),
    }
  }
}

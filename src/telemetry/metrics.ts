// The program's own metrics, under controller-runtime's names and labels so that existing dashboards work (kube:M1). Only these: the
// per-target series are too many for prom-client and have a writer of their own (M2).
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Instant } from '../domain/clock.ts'
import { createKubeMetrics, type KubeObserver, watchObjectCounts } from './kube-metrics.ts'

type Priority = 'user' | 'background'

/** What the work queue tells while it runs; structurally the observer that control declares. */
export type QueueObserver = {
  added(): void
  retried(): void
  started(waitedSeconds: number): void
  finished(workedSeconds: number): void
}

/** What a queue can be asked at each scrape. */
export type QueueReader = {
  depth(priority: Priority): number
  unfinished(): { readonly longestSeconds: number; readonly totalSeconds: number }
}

/** How one handling ended; the last four are counted as `error` too, as controller-runtime does. */
export type ReconcileResult =
  | 'success'
  | 'requeue'
  | 'requeue_after'
  | 'error'
  | 'stalled'
  | 'panic'
  | 'timeout'

/** What the loop tells; structurally the observer that control declares. */
export type ReconcileObserver = {
  reconciled(controller: string, result: ReconcileResult, seconds: number): void
  working(controller: string, handlers: 1 | -1): void
}

export type RelayObserver = {
  /** One answer of a channel: `result` is `delivered` or `failed`, `reason` a member of the closed set or `Ok`. */
  notified(answer: { readonly channel: string; readonly result: string; readonly reason: string }): void
}

export type Metrics = {
  readonly contentType: string
  /** The text exposition of everything, read at this moment. */
  text(): Promise<string>
  queue(controller: string): QueueObserver
  /** Has the queue's depth and running work read at every scrape. */
  watchQueue(controller: string, queue: QueueReader): void
  /** At start-up, once for each kind: how many handlers may run at once. */
  limitReconciles(controller: string, maxConcurrent: number): void
  readonly reconciles: ReconcileObserver
  /** What the Kubernetes adapter tells; asked for only where there is one, so that a standalone run has no such metrics. */
  kube(options: { readonly lease: string; readonly now: () => Instant }): KubeObserver
  /** Has the number of cached objects of each kind read at every scrape. */
  watchObjects(counts: () => Iterable<readonly [kind: string, objects: number]>): void
  readonly relay: RelayObserver
}

const workBuckets = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100]
const reconcileBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** `process` adds CPU, memory, descriptors and event loop lag of this process; it starts a sampler that only ends with the process. */
export function createMetrics({ process }: { readonly process: boolean }): Metrics {
  const registry = new Registry()
  if (process) collectDefaultMetrics({ register: registry })
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    ...queueMetrics(registry),
    ...reconcileMetrics(registry),
    kube: (options) => createKubeMetrics(registry, options),
    watchObjects: (counts) => watchObjectCounts(registry, counts),
    relay: relayMetrics(registry),
  }
}

function queueMetrics(registry: Registry): Pick<Metrics, 'queue' | 'watchQueue'> {
  const labelNames = ['name', 'controller'] as const
  const registers = [registry]
  const counter = (name: string, help: string) => new Counter({ name, help, labelNames, registers })
  const histogram = (name: string, help: string) =>
    new Histogram({ name, help, labelNames, registers, buckets: workBuckets })
  const adds = counter('workqueue_adds_total', 'Keys put into the work queue.')
  const retries = counter('workqueue_retries_total', 'Keys put back with back-off after a failure.')
  const waited = histogram(
    'workqueue_queue_duration_seconds',
    'How long a key waited before its handler started.',
  )
  const worked = histogram('workqueue_work_duration_seconds', 'How long the handler of a key ran.')
  return {
    queue: (controller) => {
      const labels = labelsOf(controller)
      adds.inc(labels, 0)
      retries.inc(labels, 0)
      return {
        added: () => adds.inc(labels),
        retried: () => retries.inc(labels),
        started: (seconds) => waited.observe(labels, seconds),
        finished: (seconds) => worked.observe(labels, seconds),
      }
    },
    watchQueue: queueGauges(registry),
  }
}

// The numbers that controller-runtime's priority queue gives to its two usual priorities.
const priorities: Readonly<Record<Priority, string>> = { user: '0', background: '-100' }

function queueGauges(registry: Registry): Metrics['watchQueue'] {
  const queues = new Map<string, QueueReader>()
  const gauge = (name: string, help: string, read: (queue: QueueReader) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['name', 'controller'],
      registers: [registry],
      collect() {
        for (const [controller, queue] of queues) this.set(labelsOf(controller), read(queue))
      },
    })
  new Gauge({
    name: 'workqueue_depth',
    help: 'Keys that are ready and wait for a handler.',
    labelNames: ['name', 'controller', 'priority'],
    registers: [registry],
    collect() {
      for (const [controller, queue] of queues) {
        for (const [name, priority] of Object.entries(priorities)) {
          this.set({ ...labelsOf(controller), priority }, queue.depth(name as Priority))
        }
      }
    },
  })
  gauge(
    'workqueue_unfinished_work_seconds',
    'Seconds of work in progress, summed over all running handlers.',
    (queue) => queue.unfinished().totalSeconds,
  )
  gauge(
    'workqueue_longest_running_processor_seconds',
    'Seconds the longest running handler has been at work.',
    (queue) => queue.unfinished().longestSeconds,
  )
  return (controller, queue) => {
    queues.set(controller, queue)
  }
}

function labelsOf(controller: string): { name: string; controller: string } {
  return { name: controller, controller }
}

function reconcileMetrics(registry: Registry): Pick<Metrics, 'reconciles' | 'limitReconciles'> {
  const registers = [registry]
  const counter = (name: string, help: string) =>
    new Counter({ name: `controller_runtime_${name}`, help, labelNames: ['controller'], registers })
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `controller_runtime_${name}`, help, labelNames: ['controller'], registers })
  const total = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Reconciles that ended, by result.',
    labelNames: ['controller', 'result'],
    registers,
  })
  const time = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'How long one reconcile took, writes included.',
    labelNames: ['controller'],
    buckets: reconcileBuckets,
    registers,
  })
  const active = gauge('active_workers', 'Handlers running now.')
  const limit = gauge('max_concurrent_reconciles', 'Handlers that may run at once.')
  const errors = counter('reconcile_errors_total', 'Reconciles that did not reach their end.')
  const causes = {
    stalled: counter(
      'terminal_reconcile_errors_total',
      'Reconciles that wait until somebody edits something.',
    ),
    panic: counter('reconcile_panics_total', 'Reconciles that threw, which is a defect.'),
    timeout: counter('reconcile_timeouts_total', 'Reconciles that were cut off at their deadline.'),
  }
  return {
    limitReconciles: (controller, maxConcurrent) => {
      limit.set({ controller }, maxConcurrent)
      for (const metric of [active, errors, ...Object.values(causes)]) metric.inc({ controller }, 0)
      for (const result of ['success', 'error', 'requeue', 'requeue_after'])
        total.inc({ controller, result }, 0)
    },
    reconciles: {
      working: (controller, handlers) => active.inc({ controller }, handlers),
      reconciled: (controller, result, seconds) => {
        const isError = result === 'error' || result in causes
        total.inc({ controller, result: isError ? 'error' : result })
        if (isError) errors.inc({ controller })
        if (result in causes) causes[result as keyof typeof causes].inc({ controller })
        time.observe({ controller }, seconds)
      },
    },
  }
}

function relayMetrics(registry: Registry): RelayObserver {
  const notifications = new Counter({
    name: 'roundsman_relay_notifications_total',
    help: 'Messages handed to a channel, by its answer.',
    labelNames: ['channel', 'result', 'reason'],
    registers: [registry],
  })
  return { notified: (answer) => notifications.inc(answer) }
}

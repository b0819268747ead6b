// What the operator and the standalone program have in common: the control plane, the probe plane, the judge, the poller of Alertmanagers
// and the listener, put together over a source and a sink. Starts in order and drains in order.
import type { Settings } from '../config.ts'
import { ControlPlane, targetKey, watchedKinds } from '../control/control-plane.ts'
import type { ClusterSink, ClusterSource, Leadership, Shard } from '../control/ports.ts'
import { discoverAlertmanagers } from '../domain/alertmanager-discovery.ts'
import type { Clock } from '../domain/clock.ts'
import { keyOf, refOfObject } from '../domain/kube-object.ts'
import type { Log } from '../domain/log.ts'
import { createJudge, type RunningJudge } from '../evaluate/judge.ts'
import { createNotifier } from '../notify/notifier.ts'
import type { SecretReader } from '../notify/ports.ts'
import { channelOf } from '../notify/registry.ts'
import { createSystemResolver } from '../notify/system-resolver.ts'
import { createProbePlane, type RunningProbePlane } from '../probe/plane.ts'
import { alertPolicy } from '../reconcile/alert-policy.ts'
import { inspectionTarget } from '../reconcile/inspection-target.ts'
import type { Installation } from '../reconcile/ports.ts'
import type { Reconciler } from '../reconcile/reconciler.ts'
import { silence } from '../reconcile/silence.ts'
import { createApp } from '../server/app.ts'
import { type ListenAddress, type Listener, listen } from '../server/listen.ts'
import { type HealthCheck, healthReport, LoopBeat, Readiness } from '../telemetry/health.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { createTargetSeries } from '../telemetry/target-series.ts'
import { Alertmanagers } from '../upstream/alertmanagers.ts'
import { probeSettings } from './probe-settings.ts'

export type CoreParts = {
  readonly source: ClusterSource
  readonly sink: ClusterSink
  readonly leadership: Leadership
  readonly shard: Shard
  readonly installation: Installation
  readonly settings: Settings
  readonly secrets: SecretReader
  readonly healthChecks: readonly HealthCheck[]
  readonly listen: ListenAddress
  readonly probeThreads: number
  readonly metrics: Metrics
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
}

export type Core = {
  readonly controlPlane: ControlPlane
  readonly probes: Pick<RunningProbePlane, 'report'>
  readonly judge: RunningJudge
  readonly address: string // `host:port` of the listener.
  /** Ends what only a leader may do: no decision starts, and the running ones have ended (or `graceMs` passed). */
  stopDeciding(graceMs: number): Promise<void>
  /** Ends the rest: probes, judge, messages in flight, listener. */
  stop(): Promise<void>
}

const handlers = 8
const messageGraceMs = 1_000
const answerGraceMs = 2_000

/** Rejects with the system's error when the address to listen on cannot be had; then nothing runs. */
export async function startCore(parts: CoreParts): Promise<Core> {
  const { clock, log, metrics, settings, random } = parts
  const series = createTargetSeries({ clock })
  const plane = createProbePlane({
    workers: parts.probeThreads,
    workerFile: new URL('../probe/worker.ts', import.meta.url),
    settings: probeSettings(settings.addressPolicy),
    clock,
    log,
    listeners: [series, { onTransition: queueTarget, onReasonChange: queueTarget }],
  })
  const notifier = createNotifier({
    secrets: parts.secrets,
    sinks: settings.sinks,
    resolver: createSystemResolver(),
    clock,
    log,
    observe: (attempt) => metrics.relay.notified(attempt),
  })
  const judge = createJudge({
    series,
    notifier,
    clock,
    log,
    random,
    ...settings.judge,
    onExpired: ({ notification }) =>
      metrics.relay.notified({
        channel: channelOf(notification.receiver) ?? 'unknown',
        result: 'failed',
        reason: 'Expired',
      }),
  })
  const alertmanagers = new Alertmanagers({ clock, log, onChange: queueSilences })
  const controlPlane = new ControlPlane({
    ...parts,
    outside: alertmanagers,
    plane,
    judge,
    probes: plane,
    alertmanagers,
    reconcilers: {
      InspectionTarget: inspectionTarget as Reconciler,
      AlertPolicy: alertPolicy as Reconciler,
      Silence: silence as Reconciler,
    },
    observer: { loop: metrics.reconciles, queue: metrics.queue('roundsman') },
    workers: handlers,
  })
  followAlertmanagers()
  metrics.watchQueue('roundsman', controlPlane.queue)
  metrics.watchObjects(() =>
    watchedKinds.map((kind) => [kind, controlPlane.store.list(kind).length] as const),
  )
  for (const kind of ['InspectionTarget', 'AlertPolicy', 'Silence']) metrics.limitReconciles(kind, handlers)

  const beat = new LoopBeat(clock)
  const readiness = new Readiness(watchedKinds, (kind) => controlPlane.store.availability(kind))
  const listener = await openListener()
  controlPlane.start()
  judge.start()
  return {
    controlPlane,
    probes: plane,
    judge,
    address: listener.address,
    stopDeciding: async (graceMs) => {
      readiness.drain()
      await Promise.race([controlPlane.stop(), new Promise<void>((resolve) => clock.after(graceMs, resolve))])
    },
    stop: async () => {
      beat.stop()
      await Promise.all([
        judge.stop(),
        notifier.close(messageGraceMs),
        alertmanagers.stop(),
        plane.stop(),
        listener.close(answerGraceMs),
      ])
    },
  }

  function openListener(): Promise<Listener> {
    const app = createApp({
      metrics,
      targetSeries: () => series.exposition(),
      health: () => healthReport([beat, ...parts.healthChecks]),
      readiness: () => readiness.report(),
    })
    return listen(app, parts.listen, clock).catch(async (error: unknown) => {
      beat.stop()
      await plane.stop()
      throw error
    })
  }

  function queueTarget({ namespace, target }: { namespace: string; target: string }): void {
    controlPlane.queueKey(targetKey(namespace, target))
  }

  /** Only the Silences whose part of that Alertmanager has changed. */
  function queueSilences(_alertmanager: string, uids: ReadonlySet<string> | 'all'): void {
    for (const object of controlPlane.store.list('Silence')) {
      if (uids === 'all' || uids.has(object.metadata.uid ?? ''))
        controlPlane.queueKey(keyOf(refOfObject(object)))
    }
  }

  /** Where the Alertmanagers are follows from objects of the cluster and from the configuration. Only a leader polls them. */
  function followAlertmanagers(): void {
    const { store } = controlPlane
    const look = () =>
      alertmanagers.setAddresses(
        discoverAlertmanagers({
          resources: store.list('Alertmanager'),
          endpointSlices: store.list('EndpointSlice'),
          configured: settings.alertmanagers,
        }),
      )
    look()
    store.onChange(({ ref }) => {
      if (ref.kind === 'Alertmanager' || ref.kind === 'EndpointSlice') look()
    })
    if (parts.leadership.isLeader()) alertmanagers.start()
    parts.leadership.onChange((isLeader) => {
      if (isLeader) alertmanagers.start()
    })
  }
}

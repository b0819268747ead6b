// A control plane over the fake cluster, with the real reconcilers and recorders in place of the planes outside, for tests of control.
import { ControlPlane } from '../../src/control/control-plane.ts'
import type { OutsideAnswer } from '../../src/control/ports.ts'
import type { KindName } from '../../src/domain/kinds.ts'
import { apiVersionOf } from '../../src/domain/kinds.ts'
import { type KubeObject, refOfObject } from '../../src/domain/kube-object.ts'
import type { ProbeEntry, ProbeReport } from '../../src/domain/probe-entry.ts'
import type { SilencePost } from '../../src/domain/remote-silence.ts'
import { alertPolicy } from '../../src/reconcile/alert-policy.ts'
import { inspectionTarget } from '../../src/reconcile/inspection-target.ts'
import type { AlertmanagerView, Installation } from '../../src/reconcile/ports.ts'
import type { Reconciler } from '../../src/reconcile/reconciler.ts'
import { silence } from '../../src/reconcile/silence.ts'
import { FakeClock } from '../fakes/clock.ts'
import { FakeCluster } from '../fakes/cluster.ts'

const silentLog = { debug() {}, info() {}, warn() {}, error() {} }

export class World {
  readonly clock = new FakeClock()
  readonly cluster: FakeCluster
  readonly probed = new Map<string, ProbeEntry>()
  readonly reports = new Map<string, ProbeReport>()
  readonly judged = new Map<string, unknown>()
  readonly posts: { alertmanager: string; silence: SilencePost }[] = []
  readonly expired: { alertmanager: string; silenceID: string }[] = []
  readonly errors: unknown[] = []
  readonly results: string[] = []
  readonly warnings: unknown[] = []
  alertmanagers: AlertmanagerView[] = []
  answerOutside: (alertmanager: string) => OutsideAnswer = () => ({ ok: true })
  refusals = new Map<string, { message: string; permanent: boolean }>() // By Alertmanager.
  isLeader: boolean
  readonly #leaderListeners: ((isLeader: boolean) => void)[] = []
  #plane: ControlPlane | undefined
  readonly #installation: Installation

  constructor(
    options: { installation?: Partial<Installation>; cluster?: FakeCluster; isLeader?: boolean } = {},
  ) {
    this.cluster = options.cluster ?? new FakeCluster(this.clock)
    this.isLeader = options.isLeader ?? true
    this.#installation = {
      clusterId: 'cluster-1',
      delivery: 'Prometheus',
      clusterDomain: 'cluster.local',
      standalone: false,
      ...options.installation,
    }
  }

  get plane(): ControlPlane {
    if (this.#plane === undefined) throw new Error('start() first')
    return this.#plane
  }

  async start(): Promise<void> {
    this.#plane = this.#make()
    this.#plane.start()
    await this.settle()
  }

  lead(isLeader: boolean): void {
    this.isLeader = isLeader
    for (const listener of this.#leaderListeners) listener(isLeader)
  }

  /** Lets everything that is ready run, without turning the clock. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 60; turn += 1) await this.clock.advanceAsync(0)
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms)
    await this.settle()
  }

  /** Reports a verdict as the probe plane would, and queues the target's key. */
  async report(
    target: KubeObject,
    state: Partial<ProbeReport['state']> & { verdict: ProbeReport['state']['verdict'] },
  ): Promise<void> {
    const transition = {
      time: this.clock.now(),
      from: 'Unknown',
      to: state.verdict,
      reason: state.reason ?? '',
    } as const
    this.reports.set(target.metadata.uid ?? '', {
      state: {
        since: this.clock.now(),
        reason: '',
        message: '',
        failuresInARow: 0,
        successesInARow: 0,
        softInARow: 0,
        ...state,
      },
      transitions: state.verdict === 'Unknown' ? [] : [transition],
    } as unknown as ProbeReport)
    const { namespace = '', name } = target.metadata
    this.plane.queueKey(`InspectionTarget/${namespace}/${name}` as never)
    await this.settle()
  }

  put(
    kind: KindName,
    name: string,
    spec: unknown,
    metadata: Partial<KubeObject['metadata']> = {},
  ): KubeObject {
    return this.cluster.put({
      apiVersion: apiVersionOf(kind),
      kind,
      metadata: { name, namespace: 'shop', ...metadata },
      spec,
    })
  }

  now(object: KubeObject): KubeObject {
    const found = this.cluster.read(refOfObject(object))
    if (found === undefined) throw new Error(`${object.kind} ${object.metadata.name} is gone`)
    return found
  }

  condition(object: KubeObject, type: string): Record<string, unknown> | undefined {
    const { conditions = [] } = (this.now(object).status ?? {}) as { conditions?: Record<string, unknown>[] }
    return conditions.find((condition) => condition.type === type)
  }

  #make(): ControlPlane {
    return new ControlPlane({
      source: this.cluster.source,
      sink: this.cluster.sink,
      outside: {
        postSilence: async (alertmanager, _revision, silence) => {
          this.posts.push({ alertmanager, silence })
          return this.answerOutside(alertmanager)
        },
        expireSilence: async (alertmanager, silenceID) => {
          this.expired.push({ alertmanager, silenceID })
          return this.answerOutside(alertmanager)
        },
        refresh() {},
      },
      plane: {
        set: (entry) => void this.probed.set(entry.uid, entry),
        remove: (uid) => void this.probed.delete(uid),
      },
      judge: {
        setPolicy: (policy) => void this.judged.set(policy.uid, policy),
        removePolicy: (uid) => void this.judged.delete(uid),
        setSilence: (held) => void this.judged.set(held.uid, held),
        removeSilence: (uid) => void this.judged.delete(uid),
      },
      probes: { report: (uid) => this.reports.get(uid) },
      alertmanagers: {
        alertmanagers: () => this.alertmanagers,
        refusal: (alertmanager) => this.refusals.get(alertmanager),
      },
      leadership: { isLeader: () => this.isLeader, onChange: (listener) => this.#listen(listener) },
      shard: { owns: () => true, onChange() {} },
      installation: this.#installation,
      reconcilers: {
        InspectionTarget: inspectionTarget,
        AlertPolicy: alertPolicy,
        Silence: silence,
      } as unknown as Record<'InspectionTarget' | 'AlertPolicy' | 'Silence', Reconciler>,
      clock: this.clock,
      log: {
        ...silentLog,
        warn: (_message, fields) => void this.warnings.push(fields),
        error: (_message, fields) => void this.errors.push(fields),
      },
      observer: {
        loop: { reconciled: (_kind, result) => void this.results.push(result), working() {} },
        queue: { added() {}, retried() {}, started() {}, finished() {} },
      },
      random: () => 0,
      workers: 4,
    })
  }

  #listen(listener: (isLeader: boolean) => void): () => void {
    this.#leaderListeners.push(listener)
    return () => {}
  }
}

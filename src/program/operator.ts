// The program in a cluster: wires the core to an API server, contends for the lease, and drains when it is told to end.
import { availableParallelism, hostname } from 'node:os'
import type { Command } from '../config.ts'
import type { Clock } from '../domain/clock.ts'
import type { Log } from '../domain/log.ts'
import { type ApiLocation, locateApi } from '../kube/access.ts'
import { connectKube, type KubeConnection } from '../kube/connect.ts'
import { leaderCheck, reflectorCheck } from '../telemetry/health.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { type Core, startCore } from './core.ts'
import { listenProblem } from './listen-problem.ts'
import { LastLeaderShard } from './shard.ts'

export type World = {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly random: () => number
  /** A text that never comes twice. */
  readonly uniqueText: () => string
  /** Resolves when the process is asked to end. */
  readonly ended: Promise<void>
}

const leaseName = 'roundsman'
/** Not every cache filled in this time after the start: something is wrong that a restart may mend (kube:R5). */
const startPatienceMs = 120_000
const decideGraceMs = 1_000

/** Runs until it is asked to end; answers the exit code. */
export async function runOperator(
  command: Extract<Command, { name: 'operator' }>,
  world: World,
): Promise<number> {
  const { log } = world
  const location = locateApi(command.environment)
  if (location === undefined) {
    log.error('no cluster is known: set KUBECONFIG, or run in a pod with a service account')
    return 78
  }
  const identity = `${command.pod.uid ?? hostname()}_${world.uniqueText()}`
  const kube = await connect(command, world, { location, identity })
  if (kube === undefined) return 78
  const clusterId = await Promise.race([kube.clusterId(), world.ended])
  if (clusterId === undefined || !clusterId.ok) {
    if (clusterId !== undefined)
      log.error('the cluster could not be identified', { reason: clusterId.failure.message })
    await kube.close()
    return clusterId === undefined ? 0 : 1
  }
  try {
    return await operate(command, world, { kube, identity, clusterId: clusterId.value })
  } catch (error) {
    const problem = listenProblem(error, () => 'give another address with --listen')
    if (problem === undefined) throw error
    log.error(problem)
    await kube.close()
    return 78
  }
}

/** Undefined when what says where the cluster is cannot be used, which is told then. */
async function connect(
  command: Extract<Command, { name: 'operator' }>,
  world: World,
  { location, identity }: { location: ApiLocation; identity: string },
): Promise<KubeConnection | undefined> {
  const connecting = connectKube({
    location,
    clock: world.clock,
    random: world.random,
    log: world.log,
    observer: world.metrics.kube({ lease: leaseName, now: () => world.clock.now() }),
    identity,
    lease: {
      name: leaseName,
      ...(command.pod.namespace === undefined ? {} : { namespace: command.pod.namespace }),
    },
    watchdogFile: new URL('../kube/watchdog-worker.ts', import.meta.url),
    namespaces: command.namespaces,
  })
  try {
    return await connecting
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    world.log.error('the configuration of the cluster cannot be used', { reason })
    return undefined
  }
}

type Connected = { readonly kube: KubeConnection; readonly identity: string; readonly clusterId: string }

async function operate(
  command: Extract<Command, { name: 'operator' }>,
  world: World,
  { kube, identity, clusterId }: Connected,
): Promise<number> {
  const { clock, log } = world
  const shard = new LastLeaderShard(kube.elector, { identity, clock })
  const core = await startCore({
    ...world,
    source: kube.source,
    sink: kube.sink,
    leadership: kube.elector,
    shard,
    installation: {
      clusterId,
      delivery: 'Prometheus',
      clusterDomain: command.settings.clusterDomain,
      standalone: false,
    },
    settings: command.settings,
    secrets: { read: () => undefined }, // Prometheus and Alertmanager deliver in a cluster; no right on Secrets is needed.
    healthChecks: [leaderCheck(kube.elector), reflectorCheck(() => kube.source.lastAttempts(), clock)],
    listen: command.listen,
    probeThreads: Math.max(1, availableParallelism() - 1),
  })
  log.info('listening', { address: core.address })
  const start = await firstOf(core, world)
  if (start === 'settled') {
    log.info('every cache is filled')
    kube.elector.start() // Not earlier: a leader with cold caches leads nobody.
    await world.ended
  } else if (start === 'late') {
    log.error('not everything could be read within two minutes', { kinds: core.controlPlane.unsettled() })
  }
  await drain(core, kube, shard)
  log.info('ended')
  return start === 'late' ? 1 : 0
}

async function firstOf(core: Core, { clock, ended }: World): Promise<'settled' | 'late' | 'ended'> {
  let cancel: () => void = () => {}
  const late = new Promise<'late'>((resolve) => {
    cancel = clock.after(startPatienceMs, () => resolve('late'))
  })
  const first = await Promise.race([
    core.controlPlane.started.then(() => 'settled' as const),
    late,
    ended.then(() => 'ended' as const),
  ])
  cancel()
  return first
}

/** Leader-only work ends first, only then the lease is given away; the rest has nothing to do with it (kube:L8). */
async function drain(core: Core, kube: KubeConnection, shard: LastLeaderShard): Promise<void> {
  await core.stopDeciding(decideGraceMs)
  await kube.elector.release()
  shard.stop()
  await core.stop()
  await kube.close()
}

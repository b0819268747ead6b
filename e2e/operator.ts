// The operator under test, as it is shipped: the chart's own objects, its pods with the chart's arguments and environment, and the rights of
// its ServiceAccount, never those of an admin. No kubelet runs, so the suite starts the pod's program itself.
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { loadAll } from 'js-yaml'
import { request } from 'undici'
import { type KubeObject, resource } from './cluster/api-client.ts'
import type { Cluster } from './cluster/cluster.ts'
import { expand, podEnvironment } from './cluster/config-reloader.ts'
import { eventually } from './cluster/eventually.ts'
import { bindToNode } from './cluster/node.ts'
import { type Container, type Pod, schedulerName, setPodStatus } from './cluster/pod.ts'
import { pathRewriter, writeVolumes } from './cluster/pod-volumes.ts'
import { type Exit, Program } from './cluster/process.ts'
import { runProgram } from './cluster/run-program.ts'
import { type ServiceAccount, serviceAccountKubeconfig, userName } from './cluster/service-account.ts'

export const checkout = resolve(import.meta.dirname, '..')
export const chartFolder = join(checkout, 'charts/roundsman')
export const crdFolder = join(checkout, 'crds')

/** Applies the CRDs as a user would, and waits until they are served. */
export async function installCrds(cluster: Cluster): Promise<void> {
  await cluster.kubectl.run(['apply', '-f', crdFolder])
  await cluster.kubectl.run(['wait', '--for=condition=Established', '--timeout=30s', '-f', crdFolder])
}

/** Values of the chart; what is left out stands as the chart has it. */
export type ChartValues = Readonly<Record<string, unknown>>

/** The objects of the chart without the CRDs, each pod of which the suite itself is to bring to life. */
async function renderChart(
  cluster: Cluster,
  { release, namespace, values }: { release: string; namespace: string; values: ChartValues },
): Promise<readonly KubeObject[]> {
  const folder = cluster.folder('releases', release)
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'values.json')
  writeFileSync(file, JSON.stringify({ crds: { enabled: false }, ...values }))
  const args = ['template', release, chartFolder, '--namespace', namespace, '--values', file]
  const { code, stdout, stderr } = await runProgram(cluster.program('helm'), args, { env: { HOME: folder } })
  if (code !== 0) throw new Error(`helm ${args.join(' ')} ended with ${code}: ${stderr.trim()}`)
  return (loadAll(stdout) as readonly (KubeObject | null)[])
    .filter((object) => object !== null)
    .map(boundBySuite)
}

function boundBySuite(object: KubeObject): KubeObject {
  if (object.kind !== 'Deployment') return object
  const { spec } = object as unknown as { spec: { template: { spec: object } } }
  const { template } = spec
  const pod = { ...template, spec: { ...template.spec, schedulerName } }
  return { ...object, spec: { ...spec, template: pod } } as KubeObject
}

export class Installation {
  readonly cluster: Cluster
  readonly namespace: string
  /** The name of the release, and so of every object of the chart. */
  readonly release: string
  readonly account: ServiceAccount
  readonly pods: OperatorPod[] = []
  readonly #objects: readonly KubeObject[]

  private constructor(cluster: Cluster, namespace: string, release: string, objects: readonly KubeObject[]) {
    this.cluster = cluster
    this.namespace = namespace
    this.release = release
    this.account = { namespace, name: release }
    this.#objects = objects
  }

  /** Applies CRDs and chart; no operator runs until `startPod`. */
  static async install(cluster: Cluster, values: ChartValues = {}): Promise<Installation> {
    await installCrds(cluster)
    const release = `roundsman-${randomBytes(3).toString('hex')}`
    const namespace = await cluster.namespace('roundsman')
    const objects = await renderChart(cluster, { release, namespace, values: { replicaCount: 1, ...values } })
    await cluster.kubectl.apply(objects)
    return new Installation(cluster, namespace, release, objects)
  }

  /** The operator's name in the audit log. */
  get user(): string {
    return userName(this.account)
  }

  /** Brings the next of the Deployment's pods to life. Without `isReady` it does not wait for the pod's readiness probe. */
  async startPod({ isReady = true }: { isReady?: boolean } = {}): Promise<OperatorPod> {
    const pod = await eventually(`a pod of ${this.release} waits for a node`, () => this.#unboundPod())
    const started = await OperatorPod.start(this, pod, isReady)
    this.pods.push(started)
    return started
  }

  /** Who leads by the lease, and until when it is bound to; undefined before anybody did. */
  async lease(): Promise<LeaseSpec | undefined> {
    const path = resource('coordination.k8s.io/v1', 'leases', this.namespace, 'roundsman')
    return (await this.cluster.client.get<{ spec: LeaseSpec }>(path))?.spec
  }

  async uninstall(): Promise<void> {
    await this.cluster.kubectl.delete(this.#objects, ['--wait=false'])
    await Promise.all(this.pods.map((pod) => pod.program.stop()))
  }

  async #unboundPod(): Promise<Pod | undefined> {
    const selector = encodeURIComponent(`app.kubernetes.io/instance=${this.release}`)
    const path = `${resource('v1', 'pods', this.namespace)}?labelSelector=${selector}`
    const pods = await this.cluster.client.list<Pod>(path)
    return pods.find(
      ({ spec, metadata }) => spec.nodeName === undefined && metadata.deletionTimestamp === undefined,
    )
  }
}

export type LeaseSpec = {
  readonly holderIdentity?: string
  readonly leaseDurationSeconds?: number
  readonly renewTime?: string
}

/** One replica: a pod of the Deployment, and the process that plays its container. */
export class OperatorPod {
  readonly uid: string
  readonly url: string
  program: Program
  readonly #launch: () => Promise<Program>

  private constructor(pod: Pod, url: string, program: Program, launch: () => Promise<Program>) {
    this.uid = pod.metadata.uid ?? ''
    this.url = url
    this.program = program
    this.#launch = launch
  }

  static async start(installation: Installation, pod: Pod, isReady: boolean): Promise<OperatorPod> {
    const { cluster, account } = installation
    const { client } = cluster
    const { name, namespace = '' } = pod.metadata
    const [container] = pod.spec.containers
    if (container === undefined) throw new Error(`pod ${name} has no container`)
    const address = cluster.address()
    const folder = cluster.folder('pods', namespace, name)
    const volumes = join(folder, 'volumes')
    await writeVolumes(client, pod, volumes)
    const { server, caFile } = cluster.facts
    const kubeconfig = await serviceAccountKubeconfig(client, account, { server, caFile, folder })
    const environment = podEnvironment(container.env ?? [], { ...pod, status: { podIP: address } })
    const url = `http://${address}:${portOf(container)}`
    const launch = () =>
      Program.start({
        name: 'operator',
        command: process.execPath,
        args: [join(checkout, 'src/main.ts'), ...argumentsOf(container, { address, environment, volumes })],
        folder,
        env: { ...Object.fromEntries(environment), KUBECONFIG: kubeconfig },
        ...(isReady ? { ready: () => answersWell(`${url}/readyz`) } : {}),
      })
    await bindToNode(client, namespace, name)
    const program = await launch()
    await setPodStatus(client, pod, { address, ready: true })
    return new OperatorPod(pod, url, program, launch)
  }

  /** What a kubelet does when the container has ended. */
  async restart(): Promise<void> {
    await this.program.exit
    this.program = await this.#launch()
  }

  /** SIGTERM, as a kubelet sends it, and how long the process then took to end. */
  async terminate(): Promise<Exit & { readonly seconds: number }> {
    const started = performance.now()
    const exit = await this.program.stop({ graceMs: 30_000 })
    return { ...exit, seconds: (performance.now() - started) / 1000 }
  }

  /** The samples of one metric, by their labels as they are written: `{namespace="shop",target="checkout"}`. */
  async samples(path: '/metrics' | '/metrics/targets', metric: string): Promise<ReadonlyMap<string, number>> {
    const answer = await request(`${this.url}${path}`)
    const lines = (await answer.body.text()).split('\n')
    const ofMetric = lines.filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `))
    return new Map(
      ofMetric.map((line) => {
        const end = line.lastIndexOf(' ')
        return [line.slice(metric.length, end), Number(line.slice(end + 1))]
      }),
    )
  }

  /** Resident memory now and at its highest, in MiB. */
  memory(): { readonly now: number; readonly peak: number } {
    const status = readFileSync(`/proc/${this.program.pid}/status`, 'utf8')
    const mebibytes = (field: string) => {
      return Math.round(Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024)
    }
    return { now: mebibytes('VmRSS'), peak: mebibytes('VmHWM') }
  }
}

function portOf({ ports = [] }: Container): number {
  return ports.find(({ name }) => name === 'http')?.containerPort ?? 0
}

// A pod has the network to itself; we have one for all, so the program is told its address.
function argumentsOf(
  container: Container,
  pod: { address: string; environment: ReadonlyMap<string, string>; volumes: string },
): readonly string[] {
  const rewrite = pathRewriter(container, pod.volumes)
  return (container.args ?? []).map((arg) => {
    return rewrite(expand(arg, pod.environment)).replace(/^--listen=:/, `--listen=${pod.address}:`)
  })
}

async function answersWell(url: string): Promise<boolean> {
  const answer = await request(url)
  await answer.body.dump()
  return answer.statusCode === 200
}

// One pod of prometheus-operator's making, brought to life: the real Prometheus or Alertmanager, at an address of its own, with the flags
// and the configuration that prometheus-operator wrote, reloaded when that changes.
import { join } from 'node:path'
import { request } from 'undici'
import type { Cluster } from './cluster.ts'
import { type ConfigReloader, configReloader, expand, podEnvironment } from './config-reloader.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import { bindToNode } from './node.ts'
import { type Container, type Pod, setPodStatus } from './pod.ts'
import { pathRewriter, writeVolumes } from './pod-volumes.ts'
import { Program } from './process.ts'
import { requestToken } from './service-account.ts'

/** The programs that the suite can bring to life, by the name of the pod's first container. */
const lively = ['prometheus', 'alertmanager'] as const

export function isMonitoringPod(pod: Pod): boolean {
  return lively.some((name) => pod.spec.containers[0]?.name === name)
}

/** Started ready; `refresh` brings it up to date with its Secrets and ConfigMaps; ended by `stop`. */
export class MonitoringPod {
  readonly name: string
  readonly uid: string
  readonly address: string
  /** Why the program did not take its latest configuration; undefined when it did. */
  reloadProblem: string | undefined
  readonly #cluster: Cluster
  readonly #pod: Pod
  readonly #container: Container
  readonly #folder: string
  readonly #reloader: ConfigReloader
  #loaded = ''
  #program: Program | undefined

  private constructor(cluster: Cluster, pod: Pod, container: Container, address: string, kubeconfig: string) {
    this.#cluster = cluster
    this.#pod = pod
    this.#container = container
    this.#folder = podFolder(cluster, pod)
    this.name = pod.metadata.name
    this.uid = pod.metadata.uid ?? ''
    this.address = address
    const rewrite = pathRewriter(container, this.#volumes)
    const adapt = (config: string) => withKubeconfig(rewrite(config), kubeconfig)
    this.#reloader = configReloader({ pod, folder: this.#volumes, adapt })
  }

  static async start(cluster: Cluster, pod: Pod): Promise<MonitoringPod> {
    const [container] = pod.spec.containers
    if (container === undefined) {
      throw new Error(`pod ${pod.metadata.name} has no container`)
    }
    await writeVolumes(cluster.client, pod, join(podFolder(cluster, pod), 'volumes'))
    const kubeconfig = await podKubeconfig(cluster, pod)
    const running = new MonitoringPod(cluster, pod, container, cluster.address(), kubeconfig)
    if (pod.spec.nodeName === undefined) {
      await bindToNode(cluster.client, pod.metadata.namespace ?? '', pod.metadata.name)
    }
    await running.#launch()
    await setPodStatus(cluster.client, pod, { address: running.address, ready: true })
    return running
  }

  /** The root of its HTTP API. */
  get url(): string {
    return `http://${this.address}:${this.#port}`
  }

  get program(): Program {
    if (this.#program === undefined) {
      throw new Error(`${this.name} was not started; this is a bug of the suite`)
    }
    return this.#program
  }

  /** Writes what changed and reloads; starts the program again when it ended by itself, on the same data. */
  async refresh(): Promise<void> {
    await writeVolumes(this.#cluster.client, this.#pod, this.#volumes)
    if (this.program.hasEnded) {
      await this.#launch()
      return
    }
    const digest = this.#reloader.write()
    if (digest !== this.#loaded) {
      const answer = await request(`${this.url}/-/reload`, { method: 'POST' })
      const text = await answer.body.text()
      // As the real reloader does: what was refused is tried again at the next look.
      this.reloadProblem = answer.statusCode === 200 ? undefined : text.trim()
      this.#loaded = answer.statusCode === 200 ? digest : this.#loaded
    }
  }

  async stop(): Promise<void> {
    await this.#program?.stop()
  }

  get #volumes(): string {
    return join(this.#folder, 'volumes')
  }

  get #port(): number {
    return this.#container.ports?.find(({ name }) => name === 'web')?.containerPort ?? 0
  }

  async #launch(): Promise<void> {
    const digest = this.#reloader.write()
    this.#program = await Program.start({
      name: this.#container.name,
      command: this.#cluster.program(toolFor(this.#container)),
      args: this.#args(),
      folder: this.#folder,
      ready: async () => {
        const answer = await request(`${this.url}/-/ready`)
        await answer.body.dump()
        return answer.statusCode === 200
      },
    })
    this.#loaded = digest
  }

  // A pod has the network to itself; we have one for all, so the program is told its address.
  #args(): readonly string[] {
    const rewrite = pathRewriter(this.#container, this.#volumes)
    const environment = podEnvironment(this.#container.env ?? [], {
      ...this.#pod,
      status: { podIP: this.address },
    })
    const own = (this.#container.args ?? []).filter((arg) => !arg.startsWith('--web.listen-address='))
    return [
      ...own.map((arg) => rewrite(expand(arg, environment))),
      `--web.listen-address=${this.address}:${this.#port}`,
    ]
  }
}

function podFolder(cluster: Cluster, pod: Pod): string {
  const { namespace = '', name, uid = '' } = pod.metadata
  return cluster.folder('pods', namespace, `${name}-${uid.slice(0, 8)}`)
}

/** By the image's tag, that is by `spec.version`: the older Alertmanager for 0.31, the newer for all others. */
function toolFor({ name, image }: Container): 'prometheus' | 'alertmanager' | 'alertmanager-0.31' {
  if (name === 'prometheus') {
    return 'prometheus'
  }
  return image.includes(':v0.31.') ? 'alertmanager-0.31' : 'alertmanager'
}

/** What a pod finds in its own service account folder, which is at a fixed path and so out of our reach. */
async function podKubeconfig(cluster: Cluster, pod: Pod): Promise<string> {
  const account = { namespace: pod.metadata.namespace ?? '', name: pod.spec.serviceAccountName ?? 'default' }
  const token = await requestToken(cluster.client, account, 24 * 3600)
  const { server, caFile } = cluster.facts
  return writeKubeconfig({
    file: join(podFolder(cluster, pod), 'kubeconfig'),
    server,
    caFile,
    user: { token },
  })
}

/** Tells Prometheus' service discovery to use a kubeconfig; inserted as text, so that everything else stays byte for byte. */
function withKubeconfig(config: string, kubeconfig: string): string {
  return config.replace(/^[ -]*kubernetes_sd_configs:\n( *)- role: .*$/gm, (entry, indent: string) => {
    return `${entry}\n${indent}  kubeconfig_file: ${kubeconfig}`
  })
}

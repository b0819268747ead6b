// Plays the kubelet for one namespace: brings the pods of prometheus-operator's StatefulSets to life and keeps them up to date.
import { setTimeout as delay } from 'node:timers/promises'
import { resource } from './api-client.ts'
import type { Cluster } from './cluster.ts'
import { eventually, type Patience } from './eventually.ts'
import { isMonitoringPod, MonitoringPod } from './monitoring-pod.ts'
import { confirmPodGone, type Pod } from './pod.ts'

// How long a change of a Secret takes to reach the program: a real kubelet needs up to a minute, tests need not.
const lookEveryMs = 500

export class Kubelet {
  readonly #cluster: Cluster
  readonly #namespace: string
  readonly #running = new Map<string, MonitoringPod>()
  readonly #stopping = new AbortController()
  readonly #loop: Promise<void>
  #problem: unknown

  constructor(cluster: Cluster, namespace: string) {
    this.#cluster = cluster
    this.#namespace = namespace
    this.#loop = this.#run()
  }

  /** The pod of this name, once it runs: `await kubelet.pod('prometheus-main-0')`. */
  async pod(name: string, patience: Patience = { withinMs: 60_000 }): Promise<MonitoringPod> {
    const look = () => {
      const found = [...this.#running.values()].find((pod) => pod.name === name)
      if (found === undefined && this.#problem !== undefined) {
        throw this.#problem
      }
      return found
    }
    return eventually(`pod ${name} of namespace ${this.#namespace} runs`, look, patience)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#loop
    await Promise.all([...this.#running.values()].map((pod) => pod.stop()))
    this.#running.clear()
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#look()
        this.#problem = undefined
      } catch (error) {
        // The API server may be gone for a while, or a Secret not be there yet: the next look will tell.
        this.#problem = error
      }
      await delay(lookEveryMs, undefined, { signal: this.#stopping.signal }).catch(() => {})
    }
  }

  async #look(): Promise<void> {
    const pods = await this.#cluster.client.list<Pod>(resource('v1', 'pods', this.#namespace))
    const mine = pods.filter(isMonitoringPod)
    const wanted = mine.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    const uids = new Set(wanted.map(({ metadata }) => metadata.uid))
    await Promise.all(
      [...this.#running.values()].filter(({ uid }) => !uids.has(uid)).map((pod) => this.#end(pod)),
    )
    for (const pod of mine.filter(({ metadata }) => metadata.deletionTimestamp !== undefined)) {
      await confirmPodGone(this.#cluster.client, pod)
    }
    await Promise.all(wanted.map((pod) => this.#bringUpToDate(pod.metadata.uid ?? '', pod)))
  }

  async #end(pod: MonitoringPod): Promise<void> {
    this.#running.delete(pod.uid)
    await pod.stop()
  }

  async #bringUpToDate(uid: string, pod: Pod): Promise<void> {
    const running = this.#running.get(uid)
    if (running === undefined) {
      this.#running.set(uid, await MonitoringPod.start(this.#cluster, pod))
    } else {
      await running.refresh()
    }
  }
}

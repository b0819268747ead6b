// All Alertmanagers that are known, each polled and written on its own: one that is down delays none of the others.

import type { OutsideAnswer, OutsideSink } from '../control/ports.ts'
import type { AlertmanagerAddress } from '../domain/alertmanager-discovery.ts'
import type { Clock } from '../domain/clock.ts'
import type { Log } from '../domain/log.ts'
import type { SilencePost } from '../domain/remote-silence.ts'
import type { AlertmanagerReader, AlertmanagerView } from '../reconcile/ports.ts'
import { AlertmanagerClient } from './alertmanager-client.ts'
import { AlertmanagerCluster } from './alertmanager-cluster.ts'

export type AlertmanagersOptions = {
  readonly clock: Clock
  readonly log: Log
  /**
   * Called when what an Alertmanager holds of these Silences (by UID) has changed, or of all when it stopped or began to answer, came or went.
   */
  readonly onChange: (alertmanager: string, uids: ReadonlySet<string> | 'all') => void
  readonly deadlineMs?: number // Of one call; 5 s by default.
}

export class Alertmanagers implements AlertmanagerReader, OutsideSink {
  readonly #options: AlertmanagersOptions
  readonly #client: AlertmanagerClient
  readonly #clusters = new Map<string, AlertmanagerCluster>()
  #isStarted = false

  constructor(options: AlertmanagersOptions) {
    this.#options = options
    this.#client = new AlertmanagerClient(options)
  }

  /** Begins to poll; returns at once. */
  start(): void {
    this.#isStarted = true
    for (const cluster of this.#clusters.values()) cluster.start()
  }

  /** Idempotent; resolves when no call is open any more and nothing more will be told. */
  async stop(): Promise<void> {
    const stopped = [...this.#clusters.values()].map((cluster) => cluster.stop())
    this.#clusters.clear()
    await this.#client.close()
    await Promise.all(stopped)
  }

  /** The complete set; one that is not in it is forgotten. Call it whenever discovery may see something else. */
  setAddresses(addresses: readonly AlertmanagerAddress[]): void {
    const names = new Set(addresses.map((address) => address.name))
    for (const [name, cluster] of this.#clusters) {
      if (names.has(name)) continue
      this.#clusters.delete(name)
      void cluster.stop()
      this.#options.onChange(name, 'all')
    }
    for (const address of addresses) {
      const known = this.#clusters.get(address.name)
      if (known === undefined) this.#add(address)
      else known.setUrls(address.urls)
    }
  }

  alertmanagers(): readonly AlertmanagerView[] {
    return [...this.#clusters.values()]
      .map((cluster) => cluster.view())
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  refusal(
    alertmanager: string,
    owner: string,
  ): { readonly message: string; readonly permanent: boolean } | undefined {
    return this.#clusters.get(alertmanager)?.refusal(owner)
  }

  async postSilence(alertmanager: string, owner: string, silence: SilencePost): Promise<OutsideAnswer> {
    const cluster = this.#clusters.get(alertmanager)
    return cluster === undefined ? unknown(alertmanager) : cluster.postSilence(owner, silence)
  }

  async expireSilence(alertmanager: string, silenceID: string): Promise<OutsideAnswer> {
    const cluster = this.#clusters.get(alertmanager)
    return cluster === undefined ? unknown(alertmanager) : cluster.expireSilence(silenceID)
  }

  refresh(alertmanager: string): void {
    this.#clusters.get(alertmanager)?.refresh()
  }

  #add(address: AlertmanagerAddress): void {
    const { clock, log, onChange } = this.#options
    const cluster = new AlertmanagerCluster(address, {
      client: this.#client,
      clock,
      log,
      onChange: (uids) => onChange(address.name, uids),
    })
    this.#clusters.set(address.name, cluster)
    if (this.#isStarted) cluster.start()
    onChange(address.name, 'all')
  }
}

function unknown(alertmanager: string): OutsideAnswer {
  return { ok: false, permanent: false, message: `Alertmanager ${alertmanager} is no longer known` }
}

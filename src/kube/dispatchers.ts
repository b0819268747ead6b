// The pools of connections to the API server: for requests; for watches, which hold theirs for minutes; and for the lease, whose calls
// must not queue behind slow lists. Made anew when a certificate file changes; what is under way ends on the old (kube:C2, C3, C9).
import { stat } from 'node:fs/promises'
import { Agent, type Dispatcher, ProxyAgent } from 'undici'
import type { Clock } from '../domain/clock.ts'
import type { Log } from '../domain/log.ts'
import type { ApiAccess, TlsMaterial } from './access.ts'

export type Purpose = 'requests' | 'watches' | 'lease'
type Pools = Readonly<Record<Purpose, Dispatcher>>

const checkEveryMs = 60_000

export class Dispatchers {
  readonly #access: ApiAccess
  readonly #clock: Clock
  readonly #log: Log
  readonly #retired = new Set<Dispatcher>() // Draining; ended with the rest on close.
  #pools: Pools | undefined
  #making: Promise<Pools> | undefined
  #fingerprint = ''
  #checkAtMs = Number.NEGATIVE_INFINITY
  #isClosed = false

  constructor({ access, clock, log }: { access: ApiAccess; clock: Clock; log: Log }) {
    this.#access = access
    this.#clock = clock
    this.#log = log
  }

  /** Rejects while a certificate file cannot be read: a transient trouble, it may be in the act of rotation. */
  async get(purpose: Purpose): Promise<Dispatcher> {
    if (this.#isClosed) throw new Error('the connections to the API server are closed')
    if (this.#pools !== undefined && this.#clock.monotonicMs() < this.#checkAtMs) return this.#pools[purpose]
    this.#making ??= this.#check().finally(() => {
      this.#making = undefined
    })
    return (await this.#making)[purpose]
  }

  /** A connection failed: a new certificate may lie there, so the next `get` looks. */
  suspect(): void {
    this.#checkAtMs = Number.NEGATIVE_INFINITY
  }

  /** Ends what is under way; resolves when every socket is closed. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#making?.catch(() => {})
    const all = [...this.#retired, ...(this.#pools === undefined ? [] : Object.values(this.#pools))]
    await Promise.all(all.map((dispatcher) => dispatcher.destroy()))
  }

  async #check(): Promise<Pools> {
    const fingerprint = await fingerprintOf(this.#access.tlsFiles)
    const isFirst = this.#pools === undefined
    if (this.#pools === undefined || fingerprint !== this.#fingerprint) {
      const pools = makePools(await this.#access.readTls(), this.#access.proxy)
      if (this.#pools !== undefined) this.#retire(this.#pools)
      this.#pools = pools
      this.#fingerprint = fingerprint
      if (!isFirst) this.#log.info('certificates have changed, connecting anew')
    }
    this.#checkAtMs = this.#clock.monotonicMs() + checkEveryMs
    return this.#pools
  }

  #retire(pools: Pools): void {
    for (const dispatcher of Object.values(pools)) {
      this.#retired.add(dispatcher)
      const forget = (): void => {
        this.#retired.delete(dispatcher)
      }
      dispatcher.close().then(forget, forget)
    }
  }
}

// Size and time, not content: a kubelet swaps a link, so the time of what it leads to changes.
async function fingerprintOf(files: readonly string[]): Promise<string> {
  const stats = await Promise.all(files.map((file) => stat(file)))
  return stats.map(({ mtimeMs, size, ino }) => `${mtimeMs}/${size}/${ino}`).join(' ')
}

function makePools(tls: TlsMaterial, proxy: string | undefined): Pools {
  // From 30 s idle the kernel probes the peer, ten times a second apart: a black hole is found in 40 s. undici's 60 s would be too late.
  const connect = { ...tls, keepAlive: true, keepAliveInitialDelay: 30_000 }
  // HTTP/2 would put all on one connection, and its PING has no general timeout.
  const common = { allowH2: false, keepAliveTimeout: 30_000, connectTimeout: 10_000 }
  const requests = { ...common, connections: 16, headersTimeout: 30_000, bodyTimeout: 30_000 }
  const watches = { ...common, headersTimeout: 15_000, bodyTimeout: 0 }
  const make = (options: object): Dispatcher =>
    proxy === undefined
      ? new Agent({ ...options, connect })
      : new ProxyAgent({ ...options, uri: proxy, requestTls: connect })
  return { requests: make(requests), watches: make(watches), lease: make({ ...requests, connections: 2 }) }
}

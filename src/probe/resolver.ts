// Names to addresses, by c-ares alone: getaddrinfo (dns.lookup) runs two at a time per process, so two stuck names would stall all
// probes. Search list, ndots and the hosts file, which c-ares in Node leaves out, are done here. No answer is kept.
import { promises as dns } from 'node:dns'
import type { TargetReason } from '../api/v1alpha1/reasons.ts'
import { parseIp } from '../domain/host.ts'
import type { HostsFile, ResolverConfiguration } from './resolver-files.ts'
import { Trouble } from './trouble.ts'

export type ResolvedAddress = { readonly ip: string; readonly family: 4 | 6 }

export type Question = {
  readonly name: string
  readonly searchDomains?: readonly string[] // Those of a Pod; absent: the machine's own list.
  readonly signal: AbortSignal
}

export type ResolverFiles = {
  readonly hosts: () => Promise<HostsFile>
  readonly configuration: () => Promise<ResolverConfiguration>
}

/** Kubernetes gives it to every Pod: names with fewer dots go through the search list first. */
const ndotsInCluster = 5

/** More is an answer nobody sends in earnest. */
const answersMax = 1024

export class NameResolver {
  readonly #files: ResolverFiles
  readonly #servers: readonly string[] | undefined
  readonly #inFlight = new Map<string, Promise<readonly string[]>>()
  #current: { readonly configuration: ResolverConfiguration; readonly queries: dns.Resolver } | undefined

  /** `servers` (`ip` or `ip:port`) replace those of resolv.conf. */
  constructor(files: ResolverFiles, servers?: readonly string[]) {
    this.#files = files
    this.#servers = servers
  }

  /**
   * All addresses of a name, IPv4 alone where there is one. Never empty; rejects with a Trouble, or with the signal's reason: an answer
   * that comes after that is ignored.
   */
  resolve(question: Question): Promise<readonly ResolvedAddress[]> {
    return untilAborted(this.#resolve(question), question.signal)
  }

  /** Ends all queries; whoever waits is rejected. */
  close(): void {
    this.#current?.queries.cancel()
  }

  async #resolve({ name, searchDomains, signal }: Question): Promise<readonly ResolvedAddress[]> {
    const hosts = await this.#files.hosts()
    const listed = hosts.get(name.toLowerCase().replace(/\.$/, ''))
    if (listed !== undefined) return preferred(listed)
    const configuration = await this.#files.configuration()
    const search = searchDomains === undefined ? configuration : { searchDomains, ndots: ndotsInCluster }
    const queries = this.#queriesFor(configuration)
    let worst: Failure | undefined
    for (const candidate of candidatesOf(name, search)) {
      const found = await this.#addressesOf(queries, candidate, signal)
      if (found.ok) return found.addresses
      if (worst === undefined || found.rank > worst.rank) worst = found
    }
    throw worst === undefined ? unknownName(name) : troubleOf(worst, name)
  }

  async #addressesOf(queries: dns.Resolver, name: string, signal: AbortSignal): Promise<Found | Failure> {
    const v4 = await this.#query(queries, { name, family: 4 }, signal)
    return v4.ok || v4.code !== 'ENODATA' ? v4 : await this.#query(queries, { name, family: 6 }, signal)
  }

  async #query(queries: dns.Resolver, asked: Asked, signal: AbortSignal): Promise<Found | Failure> {
    while (!signal.aborted) {
      try {
        const answers = await this.#shared(queries, asked)
        if (answers.length > answersMax) return failure('EBADRESP')
        const addresses = answers.flatMap((answer) => parseIp(answer) ?? [])
        return addresses.length > 0 ? { ok: true, addresses } : failure('ENODATA')
      } catch (error) {
        const code = String((error as { readonly code?: unknown }).code)
        // c-ares gave up, maybe on a question that another waiter had begun long before. We have time left: ask again.
        if (code !== 'ETIMEOUT') return failure(code)
      }
    }
    throw signal.reason
  }

  // One question for all who ask it at the same time.
  #shared(queries: dns.Resolver, { name, family }: Asked): Promise<readonly string[]> {
    const key = `${family} ${name}`
    const running = this.#inFlight.get(key)
    if (running !== undefined) return running
    const query = (family === 4 ? queries.resolve4(name) : queries.resolve6(name)).finally(() =>
      this.#inFlight.delete(key),
    )
    this.#inFlight.set(key, query)
    return query
  }

  // c-ares reads the list of servers when it is made, so a changed resolv.conf needs a new one.
  #queriesFor(configuration: ResolverConfiguration): dns.Resolver {
    if (this.#current?.configuration === configuration) return this.#current.queries
    const queries = new dns.Resolver({ timeout: 1500, tries: 2 })
    if (this.#servers !== undefined) queries.setServers(this.#servers)
    this.#current = { configuration, queries }
    return queries
  }
}

type Asked = { readonly name: string; readonly family: 4 | 6 }
type Found = { readonly ok: true; readonly addresses: readonly ResolvedAddress[] }
type Failure = { readonly ok: false; readonly code: string; readonly rank: number }

/** The names to ask for, in order. Dots >= ndots: as it is first; fewer: the list first; a trailing dot: as it is only. */
export function candidatesOf(
  name: string,
  { searchDomains, ndots }: ResolverConfiguration,
): readonly string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)]
  const listed = searchDomains.map((domain) => `${name}.${domain}`)
  const dots = name.split('.').length - 1
  return dots >= ndots ? [name, ...listed] : [...listed, name]
}

function preferred(addresses: readonly ResolvedAddress[]): readonly ResolvedAddress[] {
  const v4 = addresses.filter(({ family }) => family === 4)
  return v4.length > 0 ? v4 : addresses
}

// A name server's trouble with one candidate outranks "no such name" of the others: the name might exist there.
function failure(code: string): Failure {
  const rank = code === 'ENOTFOUND' ? 0 : code === 'ENODATA' ? 1 : 2
  return { ok: false, code, rank }
}

const targetReasonOf = new Map<string, readonly [TargetReason, string]>([
  ['ENOTFOUND', ['DnsNxdomain', 'does not exist']],
  ['ENODATA', ['DnsNoAddress', 'has no address']],
  ['ESERVFAIL', ['DnsServfail', 'cannot be looked up: the name server answered SERVFAIL']],
  ['EREFUSED', ['DnsRefused', 'cannot be looked up: the name server refused the question']],
  ['EBADRESP', ['DnsBadResponse', 'cannot be looked up: the DNS answer is malformed or too large']],
  ['EFORMERR', ['DnsBadResponse', 'cannot be looked up: the name server found our question malformed']],
])

// The resolver's own trouble is never the target's: "connection refused" here is the name server's port.
function troubleOf({ code }: Failure, name: string): Trouble {
  const [reason, says] = targetReasonOf.get(code) ?? []
  if (reason !== undefined) return new Trouble(reason, `the name ${name} ${says}`)
  if (code === 'EBADNAME') return new Trouble('ConfigInvalid', `${name} is not a name that can be looked up`)
  return new Trouble('InternalResolver', `the prober's own DNS resolver does not answer (${code})`)
}

function unknownName(name: string): Trouble {
  return new Trouble('DnsNxdomain', `the name ${name} does not exist`)
}

function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

// The machine's own word on names: /etc/hosts and /etc/resolv.conf. Read again when they were written to, as c-ares in Node does not.
import { readFile, stat } from 'node:fs/promises'
import type { Clock } from '../domain/clock.ts'
import { parseIp } from '../domain/host.ts'
import type { ResolvedAddress } from './resolver.ts'

/** Lower-case names without a trailing dot. A Map: names are data from outside. */
export type HostsFile = ReadonlyMap<string, readonly ResolvedAddress[]>

export type ResolverConfiguration = {
  readonly searchDomains: readonly string[]
  readonly ndots: number
}

/** A changed file is seen after this time at the latest; asking for every probe would cost a system call each. */
const lookAgainAfterMs = 1000

const ndotsMax = 15 // As in glibc.

/** Answers with the parsed content of the file; parsed again only when its modification time or size changed. A missing file is empty. */
export function watchedFile<Content>(
  path: string,
  parse: (text: string) => Content,
  clock: Clock,
): () => Promise<Content> {
  let seen: { readonly version: string; readonly content: Content } | undefined
  let looked: { readonly atMs: number; readonly content: Promise<Content> } | undefined

  async function look(): Promise<Content> {
    const version = await stat(path).then(
      ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
      () => 'missing',
    )
    if (seen?.version !== version) {
      seen = { version, content: parse(await readFile(path, 'utf8').catch(() => '')) }
    }
    return seen.content
  }

  return () => {
    const nowMs = clock.monotonicMs()
    if (looked === undefined || nowMs - looked.atMs >= lookAgainAfterMs) {
      looked = { atMs: nowMs, content: look() }
    }
    return looked.content
  }
}

export function parseHosts(text: string): HostsFile {
  const hosts = new Map<string, ResolvedAddress[]>([['localhost', [{ ip: '127.0.0.1', family: 4 }]]])
  const named = new Set<string>() // What the file says of localhost replaces our own word.
  for (const words of linesOf(text)) {
    const address = parseIp(words[0] ?? '')
    if (address === undefined) continue
    for (const word of words.slice(1)) {
      const name = word.toLowerCase().replace(/\.$/, '')
      const earlier = named.has(name) ? (hosts.get(name) ?? []) : []
      named.add(name)
      hosts.set(name, [...earlier, { ip: address.ip, family: address.family }])
    }
  }
  return hosts
}

export function parseResolverConfiguration(text: string): ResolverConfiguration {
  let searchDomains: readonly string[] = []
  let ndots = 1
  for (const [keyword, ...values] of linesOf(text)) {
    if (keyword === 'search' || keyword === 'domain') searchDomains = values.map(withoutDots)
    if (keyword === 'options') {
      const option = values.findLast((value) => /^ndots:\d+$/.test(value))
      if (option !== undefined) ndots = Math.min(ndotsMax, Number(option.slice('ndots:'.length)))
    }
  }
  return { searchDomains: searchDomains.filter((domain) => domain !== ''), ndots }
}

function linesOf(text: string): readonly (readonly string[])[] {
  return text
    .split('\n')
    .map((line) => line.replace(/[#;].*$/, '').trim())
    .filter((line) => line !== '')
    .map((line) => line.split(/\s+/))
}

function withoutDots(domain: string): string {
  return domain.replace(/^\.+|\.+$/g, '')
}

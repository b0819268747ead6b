// Looks sinks' names up by c-ares: `dns.lookup` runs two at a time in a process, so two stuck names would stall every other (reliability D6).
// A sink is named by its full name: neither search domains nor the hosts file are looked at, but for localhost.
import { Resolver } from 'node:dns/promises'
import type { HostResolver } from './ports.ts'

/** `servers`: `ip:port` of the name servers to ask instead of the system's. */
export function createSystemResolver(options: { readonly servers?: readonly string[] } = {}): HostResolver {
  const resolver = new Resolver({ timeout: 1_000, tries: 2 })
  if (options.servers !== undefined) resolver.setServers([...options.servers])
  return {
    async resolve(host) {
      if (host === 'localhost') return ['127.0.0.1', '::1'] // RFC 6761: never asked of a name server.
      const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
      const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
      const failure = answers.find((answer) => answer.status === 'rejected')
      if (addresses.length === 0 && failure !== undefined) throw failure.reason
      return addresses
    },
  }
}

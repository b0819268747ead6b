// Where a redirect leads, and what may go there. Pure.
import type { Dial } from '../domain/probe-entry.ts'
import type { ResponseHead } from './http-head.ts'
import { Trouble } from './trouble.ts'

/** At most so many hops are followed; the next redirect is reported, the page behind it never asked for. */
export const redirectsMax = 10

const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** The URL that this answer sends us to; undefined when it is no redirect. Throws a Trouble when it does not say properly. */
export function redirectOf({ status, headers }: ResponseHead, from: URL): URL | undefined {
  if (!redirectStatuses.has(status)) return undefined
  const [location] = headers.get('location') ?? []
  const to = location === undefined ? null : URL.parse(location, from.href)
  if (to === null || (to.protocol !== 'http:' && to.protocol !== 'https:')) {
    throw new Trouble(
      'HttpRedirect',
      `expected a redirect to an http or https URL, got ${status} without one`,
    )
  }
  return to
}

/** How to reach the next hop: the first host stays at the address that was resolved for it, every other is looked up anew. */
export function dialFor(to: URL, first: { readonly url: URL; readonly dial: Dial }): Dial {
  if (to.host === first.url.host && to.protocol === first.url.protocol) return first.dial
  const { searchDomains } = first.dial
  return {
    by: 'name',
    host: to.hostname,
    port: portOf(to),
    ...(searchDomains === undefined ? {} : { searchDomains }),
  }
}

export function portOf(url: URL): number {
  return Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
}

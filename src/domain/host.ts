// Reads a host as it stands in a spec or a Location header. Every way to write an address (decimal, hex, octal, short, full-width
// digits, IPv4 inside IPv6) becomes the one canonical form, so that nothing passes a check in disguise. Pure.
import ipaddr from 'ipaddr.js'

export type Host =
  | { readonly kind: 'ip'; readonly ip: string; readonly family: 4 | 6 } // No brackets; IPv4-mapped is IPv4.
  | { readonly kind: 'name'; readonly name: string } // Lower case, punycode; a trailing dot stays: it ends the search list.

/** `undefined` when the text is no host: empty, with port, path or user, or with a zone. */
export function parseHost(text: string): Host | undefined {
  if (text === '' || /[\s/?#@\\]/.test(text)) return undefined
  const host = hostnameOf(text.includes(':') && !text.startsWith('[') ? `[${text}]` : text)
  if (host === undefined || host === '') return undefined
  const ip = parseIp(host.replace(/^\[|\]$/g, ''))
  return ip ?? (host.startsWith('[') ? undefined : { kind: 'name', name: host })
}

/** Reads an address as a resolver or a Service gives it. `undefined` when it is none, or carries a zone. */
export function parseIp(text: string): (Host & { readonly kind: 'ip' }) | undefined {
  if (text.includes('%') || !(ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text))) {
    return undefined
  }
  const address = ipaddr.process(text)
  return { kind: 'ip', ip: address.toString(), family: address.kind() === 'ipv4' ? 4 : 6 }
}

/** `ip:port`, an IPv6 address in brackets. */
export function endpointText(ip: string, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}

/** The bytes of an address, 4 or 16; `undefined` when it is none. */
export function addressBytes(ip: string): readonly number[] | undefined {
  return ipaddr.isValid(ip) ? ipaddr.parse(ip).toByteArray() : undefined
}

// The URL standard's host parser knows all the disguises; a plain host of a TCP target is passed through it too.
function hostnameOf(host: string): string | undefined {
  const url = URL.parse(`http://${host}/`)
  return url === null || url.port !== '' || url.pathname !== '/' ? undefined : url.hostname
}

// Which addresses a probe may dial. A prober lends its position in the network to whoever writes a target, so some addresses are
// refused always (reliability D7, T1): checked on the resolved IP, at each connection, at each redirect hop. Pure.
import ipaddr from 'ipaddr.js'

export type AddressPolicy = {
  /** `allowed` only by start-up configuration: for a program run by the machine's own user, and in tests. */
  readonly loopback: 'refused' | 'allowed'
  /** More that nobody may dial, e.g. the API server; without a port, all ports of the address. */
  readonly alsoRefused?: readonly { readonly ip: string; readonly port?: number }[]
}

/** Hands out credentials to whoever asks from this machine, beyond what link-local covers. */
const metadataAddresses = ['100.100.100.200', '168.63.129.16', 'fd00:ec2::254']
const metadataName = 'metadata.google.internal'

const neverDialled: ReadonlySet<string> = new Set(['unspecified', 'broadcast', 'multicast', 'linkLocal'])

/** Whether the policy lets this address be dialled; whatever is no address is refused. */
export function mayDial(policy: AddressPolicy, ip: string, port: number): boolean {
  if (ip.includes('%') || !ipaddr.isValid(ip)) return false
  const forms = allForms(ipaddr.parse(ip))
  return forms.every((form) => isHarmless(form, policy)) && !isListed(forms, port, policy)
}

/** Whether a name may be looked up at all. */
export function mayResolve(name: string): boolean {
  const bare = name.toLowerCase().replace(/\.$/, '')
  return bare !== metadataName
}

function isHarmless(address: ipaddr.IPv4 | ipaddr.IPv6, policy: AddressPolicy): boolean {
  const range = address.range()
  if (range === 'loopback') return policy.loopback === 'allowed'
  return !neverDialled.has(range) && !metadataAddresses.includes(address.toString())
}

function isListed(
  forms: readonly (ipaddr.IPv4 | ipaddr.IPv6)[],
  port: number,
  { alsoRefused = [] }: AddressPolicy,
): boolean {
  return alsoRefused.some((refused) => {
    const ip = ipaddr.process(refused.ip).toString()
    return (refused.port ?? port) === port && forms.some((form) => form.toString() === ip)
  })
}

// The address and every IPv4 address that is hidden in it: a gateway or the kernel would unpack it and go there.
function allForms(address: ipaddr.IPv4 | ipaddr.IPv6): readonly (ipaddr.IPv4 | ipaddr.IPv6)[] {
  if (!('parts' in address)) return [address]
  return [address, ...hiddenIPv4(address)]
}

function hiddenIPv4(address: ipaddr.IPv6): readonly ipaddr.IPv4[] {
  const bytes = address.toByteArray()
  const at = (offset: number) => new ipaddr.IPv4(bytes.slice(offset, offset + 4))
  const [first, second] = address.parts
  if (address.range() === 'loopback' || address.range() === 'unspecified') return [] // ::1 and :: are themselves.
  if (bytes.slice(0, 10).every((byte) => byte === 0)) return [at(12)] // IPv4-mapped ::ffff:0:0/96, -compatible ::/96.
  if (bytes.slice(0, 8).every((byte) => byte === 0)) return [at(12)] // IPv4-translated ::ffff:0:0:0/96 (RFC 6145).
  if (first === 0x64 && second === 0xff9b) return [at(12)] // NAT64 (RFC 6052, RFC 8215).
  if (first === 0x2002) return [at(2)] // 6to4.
  if (first === 0x2001 && second === 0) {
    return [new ipaddr.IPv4(bytes.slice(12).map((byte) => byte ^ 0xff))] // Teredo: the client's address, inverted.
  }
  return []
}

// Which sinks may be spoken to. The list is the administrator's, never a tenant's: a receiver's URL is a tenant's text (reliability T5).
// Pure: the host is judged before a name is looked up, the addresses when a connection is made.
import { type AddressPolicy, mayDial } from './address-policy.ts'
import { parseHost } from './host.ts'

export type SinkPolicy = {
  /** `host` or `host:port`, an IPv6 address in brackets. An address listed here may be loopback or link-local; a name's may not. */
  readonly allowed: readonly string[]
  /** Addresses that no name may lead to, e.g. the nodes and the API server. */
  readonly alsoRefused?: AddressPolicy['alsoRefused']
}

/** `host` in one spelling: lower case, no brackets, no trailing dot, an address in its canonical form. */
export type SinkAddress = { readonly host: string; readonly port: number }

/** The robots' own hosts need no listing. */
const robotHosts = [
  'oapi.dingtalk.com',
  'qyapi.weixin.qq.com',
  'open.feishu.cn',
  'open.larksuite.com',
  'hooks.slack.com',
]

/** Whether a receiver may name this sink at all. */
export function isSinkListed(policy: SinkPolicy, sink: SinkAddress): boolean {
  return isListed(policy, sink) || (robotHosts.includes(sink.host) && sink.port === 443)
}

/** Plain text is for a listed sink on this very machine, where nobody can listen in. */
export function mayBePlain(policy: SinkPolicy, sink: SinkAddress): boolean {
  return isLoopback(sink) && isListed(policy, sink)
}

/** Whether a connection to this address, which the listed sink's name led to, may be made. */
export function isAddressPermitted(policy: SinkPolicy, sink: SinkAddress, ip: string): boolean {
  const address = sinkAddress(ip, sink.port)
  if (address !== undefined && isListed(policy, address)) return true
  const loopback = sink.host === 'localhost' && isListed(policy, sink) ? 'allowed' : 'refused'
  const { alsoRefused = [] } = policy
  return mayDial({ loopback, alsoRefused }, ip, sink.port)
}

/** Reads `host` or `host:port` as it stands in configuration and in a smarthost; port 0 if none is given. Undefined for anything else. */
export function parseSinkAddress(text: string): SinkAddress | undefined {
  const [, bracketed, plain, port = '0'] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  return host === undefined || Number(port) > 65_535 ? undefined : sinkAddress(host, Number(port))
}

/** Undefined when the text is no host. */
export function sinkAddress(host: string, port: number): SinkAddress | undefined {
  const parsed = parseHost(host)
  if (parsed === undefined) return undefined
  return { host: parsed.kind === 'ip' ? parsed.ip : parsed.name.replace(/\.$/, ''), port }
}

function isListed(policy: SinkPolicy, sink: SinkAddress): boolean {
  return policy.allowed
    .map(parseSinkAddress)
    .some((entry) => entry?.host === sink.host && (entry.port === 0 || entry.port === sink.port))
}

function isLoopback({ host, port }: SinkAddress): boolean {
  if (host === 'localhost') return true
  const policies = (['allowed', 'refused'] as const).map((loopback) => mayDial({ loopback }, host, port))
  return policies[0] === true && policies[1] === false
}

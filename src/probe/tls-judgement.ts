// Judges what the peer showed in the handshake, before a byte of ours is sent. The facts are kept whatever the judgement: an expired
// certificate must show when it expired.
import { checkServerIdentity, type DetailedPeerCertificate, type PeerCertificate } from 'node:tls'
import type { TargetReason } from '../api/v1alpha1/reasons.ts'
import type { TlsFacts, VerifiedChain } from '../domain/outcome.ts'

export type TlsFault = { readonly reason: TargetReason; readonly message: string }

/** Longest chain that is looked at; a longer one would not have been verified. */
const chainLengthMax = 16

const reasonOfFault = new Map<string, TargetReason>([
  ['CERT_HAS_EXPIRED', 'TlsExpired'],
  ['CERT_NOT_YET_VALID', 'TlsNotYetValid'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'TlsSelfSigned'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'TlsUntrusted'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'TlsUntrusted'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'TlsUntrusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'TlsUntrusted'],
])

/** What is known of a chain of certificates, whatever the handshake was else. */
export type ChainFacts = Omit<TlsFacts, 'version' | 'cipher'>

/** `leaf` is linked to its issuers. */
export function chainFactsOf(leaf: DetailedPeerCertificate, chainFault: string | undefined): ChainFacts {
  const chain = chainOf(leaf)
  const sent = chain.length > 1 ? chain.filter((link) => !isOwnIssuer(link)) : chain
  return {
    verifyResult: chainFault ?? 'OK',
    ...optional('earliestExpiry', earliest(sent)),
    ...optional('leafExpiry', earliest(chain.slice(0, 1))),
    ...optional('chain', chainFault === undefined ? verifiedChain(chain) : undefined),
  }
}

/** The first fault of chain, then name. `name` is the server name or address that the certificate must be for. */
export function judgeTls(
  leaf: PeerCertificate,
  chainFault: string | undefined,
  name: string,
): TlsFault | undefined {
  if (chainFault !== undefined) {
    const reason = reasonOfFault.get(chainFault) ?? 'TlsHandshake'
    return { reason, message: faultText(reason, chainFault, leaf) }
  }
  if (checkServerIdentity(name, leaf) === undefined) return undefined
  return {
    reason: 'TlsNameMismatch',
    message: `expected a certificate for ${name}, got one for ${namesOf(leaf) || commonName(leaf.subject)}`,
  }
}

function faultText(reason: TargetReason, chainFault: string, certificate: PeerCertificate): string {
  switch (reason) {
    case 'TlsExpired':
      return `a certificate of the chain has expired; the server's own is valid until ${certificate.valid_to}`
    case 'TlsNotYetValid':
      return `a certificate of the chain is not valid yet; the server's own is valid from ${certificate.valid_from}`
    case 'TlsSelfSigned':
      return 'expected a certificate of a trusted authority, got a self-signed one'
    case 'TlsUntrusted':
      return `expected a certificate of a trusted authority, got one of ${commonName(certificate.issuer)}`
    default:
      return `the certificate chain cannot be verified (${chainFault})`
  }
}

function chainOf(leaf: DetailedPeerCertificate): readonly DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = []
  let link: DetailedPeerCertificate | undefined = leaf
  while (link?.valid_to !== undefined && chain.length < chainLengthMax) {
    chain.push(link)
    link = isOwnIssuer(link) ? undefined : link.issuerCertificate
  }
  return chain
}

// Node appends trusted issuers from its store to what was sent and does not tell them apart. Only a root is both in the store and its
// own issuer, so the root is not counted as sent.
function isOwnIssuer(link: DetailedPeerCertificate): boolean {
  return link.issuerCertificate === link
}

function verifiedChain(chain: readonly DetailedPeerCertificate[]): VerifiedChain | undefined {
  const [leaf] = chain
  const expiry = earliest(chain)
  if (leaf === undefined || expiry === undefined) return undefined
  return {
    expiry,
    fingerprintSha256: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
    subject: nameText(leaf.subject),
    issuer: nameText(leaf.issuer),
    subjectAlternative: namesOf(leaf, ['DNS:']),
    serialNumber: leaf.serialNumber.toLowerCase(),
  }
}

function earliest(links: readonly PeerCertificate[]): number | undefined {
  const expiries = links.map((link) => Date.parse(link.valid_to) / 1000).filter(Number.isFinite)
  return expiries.length === 0 ? undefined : Math.min(...expiries)
}

function namesOf(
  { subjectaltname = '' }: PeerCertificate,
  kinds: readonly string[] = ['DNS:', 'IP Address:'],
): string {
  const names = subjectaltname.split(', ').flatMap((entry) => {
    const kind = kinds.find((prefix) => entry.startsWith(prefix))
    return kind === undefined ? [] : [entry.slice(kind.length)]
  })
  return names.join(',')
}

function nameText(name: PeerCertificate['subject']): string {
  return Object.entries(name)
    .flatMap(([key, value]) => [value ?? []].flat().map((one) => `${key}=${one}`))
    .reverse()
    .join(',')
}

function commonName(name: PeerCertificate['subject']): string {
  return [name.CN ?? []].flat().join(',') || nameText(name) || 'nobody'
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: Value }
}

// From what stopped an attempt to a reason and a sentence. By phase and error code, never by an error's text: texts change with every
// release of Node and OpenSSL. What nobody foresaw is our own defect, never the target's failure.
import type { ProbeReason } from '../api/v1alpha1/reasons.ts'
import type { PhaseName } from './phases.ts'
import { DeadlineReached, PeerClosed, Trouble } from './trouble.ts'

export type Classified = { readonly reason: ProbeReason; readonly message: string }

/** `peer` names the address for the sentence, e.g. `10.2.3.4 port 80`. */
export function classify(
  error: unknown,
  { phase, peer }: { readonly phase: PhaseName | 'waiting' | undefined; readonly peer: string },
): Classified {
  if (error instanceof Trouble) return { reason: error.reason, message: error.message }
  if (error instanceof DeadlineReached) return timeout(phase, peer)
  if (error instanceof PeerClosed) {
    return { reason: 'ConnectClosed', message: `${peer} closed the connection before it had answered` }
  }
  const code = codeOf(error)
  const known = socketCodes.get(code) ?? tlsCode(code)
  if (known !== undefined) return { reason: known.reason, message: known.say(peer, code) }
  if (code === 'ETIMEDOUT') return timeout(phase, peer) // The kernel gave up before our deadline.
  return {
    reason: 'InternalError',
    message: `a defect of Roundsman: unforeseen trouble ${code} with ${peer}`,
  }
}

type Known = { readonly reason: ProbeReason; readonly say: (peer: string, code: string) => string }

const refused: Known = { reason: 'ConnectRefused', say: (peer) => `connection refused by ${peer}` }
const unreachable: Known = { reason: 'ConnectUnreachable', say: (peer) => `no route to ${peer}` }
const reset: Known = {
  reason: 'ConnectReset',
  say: (peer) => `${peer} reset the connection before it had answered`,
}
const resources: Known = {
  reason: 'InternalResources',
  say: (peer, code) => `the prober's own resources are exhausted (${code}), ${peer} was not asked`,
}

const socketCodes = new Map<string, Known>([
  ['ECONNREFUSED', refused],
  ['EHOSTUNREACH', unreachable],
  ['EHOSTDOWN', unreachable],
  ['ENETUNREACH', unreachable],
  ['ECONNRESET', reset],
  ['ECONNABORTED', reset],
  ['EPIPE', reset],
  ['EMFILE', resources],
  ['ENFILE', resources],
  ['ENOBUFS', resources],
  ['ENOMEM', resources],
  ['EADDRNOTAVAIL', resources],
])

const version: Known = {
  reason: 'TlsVersion',
  say: (peer) => `expected TLS 1.2 or 1.3, ${peer} offers neither`,
}
const notSpoken: Known = {
  reason: 'TlsNotSpoken',
  say: (peer) => `expected TLS, got plain text from ${peer}`,
}
const clientCertificate: Known = {
  reason: 'TlsClientCertificate',
  say: (peer) => `${peer} demands a client certificate that it trusts`,
}
const handshake: Known = {
  reason: 'TlsHandshake',
  say: (peer, code) => `the TLS handshake with ${peer} failed (${code})`,
}

const tlsCodes = new Map<string, Known>([
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', version],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', version],
  ['ERR_SSL_NO_PROTOCOLS_AVAILABLE', version],
  ['ERR_SSL_VERSION_TOO_LOW', version],
  ['ERR_SSL_WRONG_VERSION_NUMBER', notSpoken],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', notSpoken],
  ['ERR_SSL_HTTP_REQUEST', notSpoken],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', clientCertificate],
  ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', clientCertificate],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', clientCertificate],
  ['ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE', clientCertificate],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN', clientCertificate],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', clientCertificate],
])

function tlsCode(code: string): Known | undefined {
  return tlsCodes.get(code) ?? (code.startsWith('ERR_SSL_') || code === 'EPROTO' ? handshake : undefined)
}

function timeout(phase: PhaseName | 'waiting' | undefined, peer: string): Classified {
  switch (phase) {
    case 'resolve':
      return { reason: 'TimeoutResolve', message: 'no DNS answer' }
    case 'connect':
      return { reason: 'TimeoutConnect', message: `no connection to ${peer}` }
    case 'tls':
      return { reason: 'TimeoutTls', message: `the TLS handshake with ${peer} did not finish` }
    case 'processing':
      return { reason: 'TimeoutProcessing', message: `no answer from ${peer}` }
    case 'transfer':
      return { reason: 'TimeoutTransfer', message: `the answer of ${peer} did not arrive completely` }
    case 'waiting':
    case undefined:
      return { reason: 'InternalOverload', message: 'the prober held the probe back until its deadline' }
  }
  phase satisfies never
}

function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | undefined)?.code
  if (typeof code === 'string') return code
  return error instanceof Error ? error.name : typeof error
}

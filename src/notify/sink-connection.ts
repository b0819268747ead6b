// Opens the connection to a sink: the one place where a name becomes an address, addresses are judged, and sockets are made.
// What is spoken on it is the channel's.
import { connect, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, getCACertificates, type TLSSocket, connect as tlsConnect } from 'node:tls'
import type { Clock } from '../domain/clock.ts'
import { isAddressPermitted, isSinkListed, type SinkAddress } from '../domain/sink-policy.ts'
import type { SenderWorld } from './ports.ts'
import { SinkFailure } from './sink-failure.ts'

type Gate = Pick<SenderWorld, 'sinks' | 'resolver' | 'clock' | 'connectMs'>

/** `host:port` for messages. */
export function printSink(sink: SinkAddress): string {
  return sink.host.includes(':') ? `[${sink.host}]:${sink.port}` : `${sink.host}:${sink.port}`
}

/** Makes sure that the administrator allows this sink; throws `HostRefused` otherwise. */
function requireListed(gate: Pick<Gate, 'sinks'>, sink: SinkAddress): void {
  if (isSinkListed(gate.sinks, sink)) return
  const name = printSink(sink)
  throw new SinkFailure(
    'HostRefused',
    `${name} is not among the sinks that may be spoken to; list it by --allow-sink ${name} or under sinks in the configuration`,
  )
}

/**
 * A connected socket to a listed sink. It carries an 'error' listener for life, so a late reset never is an uncaught exception; it is
 * destroyed when the signal aborts. Rejects with a SinkFailure: `HostRefused`, `Dns`, `Connect` or `Timeout`.
 */
export async function openConnection(gate: Gate, sink: SinkAddress, signal: AbortSignal): Promise<Socket> {
  requireListed(gate, sink)
  const startMs = gate.clock.monotonicMs()
  const addresses = await withTimeout(addressesOf(gate, sink), {
    clock: gate.clock,
    ms: gate.connectMs,
    signal,
    message: `no DNS answer for ${sink.host} within ${gate.connectMs}ms`,
  })
  let failure = new SinkFailure('Dns', `${sink.host} has no address`)
  for (const [index, ip] of addresses.entries()) {
    // A socket made with an aborted signal is destroyed, and connects all the same.
    if (signal.aborted) throw new SinkFailure('Timeout', `no connection to ${printSink(sink)} in time`)
    const leftMs = gate.connectMs - (gate.clock.monotonicMs() - startMs)
    const options = {
      ip,
      port: sink.port,
      ms: leftMs / (addresses.length - index),
      clock: gate.clock,
      signal,
    }
    const outcome = await dial(options)
    if (!(outcome instanceof SinkFailure)) return outcome
    failure = outcome
  }
  throw failure
}

/** TLS options for every sink: verification has no switch, whatever the environment says. */
export function tlsOptions(host: string, certificateAuthorities: readonly string[]): ConnectionOptions {
  return {
    host,
    ...(isIP(host) === 0 && { servername: host }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    ...(certificateAuthorities.length > 0 && {
      ca: [...getCACertificates('default'), ...certificateAuthorities],
    }),
  }
}

/** Speaks TLS on a connection. Rejects with a SinkFailure: `Tls`, or `Timeout` when the signal aborts first. */
export function secure(
  socket: Socket,
  options: ConnectionOptions & { readonly host: string },
  signal: AbortSignal,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secured = tlsConnect({ ...options, socket }, () => resolve(secured))
    secured.on('error', (cause) => reject(tlsFailure(options.host, cause, signal)))
    signal.addEventListener('abort', () => secured.destroy(), { once: true })
    secured.once('close', () => reject(tlsFailure(options.host, undefined, signal)))
  })
}

/** What went wrong before TLS stood, by the error's code. */
export function tlsFailure(host: string, cause: Error | undefined, signal?: AbortSignal): SinkFailure {
  if (signal?.aborted === true) {
    return new SinkFailure('Timeout', `the TLS handshake with ${host} did not finish in time`)
  }
  return new SinkFailure('Tls', `no trusted TLS connection to ${host}: ${codeOf(cause)}`, { cause })
}

/** The stable code of a system or OpenSSL error. The text is not used: it may hold what the peer sent. */
export function codeOf(cause: unknown): string {
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code
  return 'the peer closed the connection'
}

async function addressesOf(gate: Gate, sink: SinkAddress): Promise<readonly string[]> {
  const addresses = isIP(sink.host) === 0 ? await lookUp(gate, sink.host) : [sink.host]
  // All are judged before one is dialled: a name with one forbidden address is not a name to trust (reliability T4).
  if (addresses.every((ip) => isAddressPermitted(gate.sinks, sink, ip))) return addresses
  throw new SinkFailure(
    'HostRefused',
    `${sink.host} leads to an address that no sink may have; list that very address to allow it`,
  )
}

async function lookUp(gate: Gate, host: string): Promise<readonly string[]> {
  try {
    return await gate.resolver.resolve(host)
  } catch (cause) {
    throw new SinkFailure('Dns', `${host} cannot be resolved: ${codeOf(cause)}`, { cause })
  }
}

function dial(options: {
  readonly ip: string
  readonly port: number
  readonly ms: number
  readonly clock: Clock
  readonly signal: AbortSignal
}): Promise<Socket | SinkFailure> {
  const { ip, port, ms, clock, signal } = options
  return new Promise((resolve) => {
    const name = printSink({ host: ip, port })
    const socket = connect({ host: ip, port, signal })
    const stopWaiting = clock.after(ms, () => {
      socket.destroy()
      resolve(new SinkFailure('Timeout', `no connection to ${name} within ${Math.round(ms)}ms`))
    })
    socket.once('connect', () => {
      stopWaiting()
      resolve(socket)
    })
    socket.on('error', (cause) => {
      stopWaiting()
      const isAborted = signal.aborted
      const message = isAborted
        ? `no connection to ${name} in time`
        : `no connection to ${name}: ${codeOf(cause)}`
      resolve(new SinkFailure(isAborted ? 'Timeout' : 'Connect', message, { cause }))
    })
  })
}

/** Ends waiting for what cannot be cancelled, such as a DNS query; a late answer is ignored. */
function withTimeout<Value>(
  promise: Promise<Value>,
  limit: {
    readonly clock: Clock
    readonly ms: number
    readonly signal: AbortSignal
    readonly message: string
  },
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const give = () => reject(new SinkFailure('Timeout', limit.message))
    const stopWaiting = limit.clock.after(limit.ms, give)
    if (limit.signal.aborted) give()
    limit.signal.addEventListener('abort', give, { once: true })
    promise.then(resolve, reject).finally(() => {
      stopWaiting()
      limit.signal.removeEventListener('abort', give)
    })
  })
}

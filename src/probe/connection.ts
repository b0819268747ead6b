// One TCP connection, made secure on request, owned until closed: the socket, its error listener and its end. It judges nothing.
import { connect, type Socket } from 'node:net'
import {
  type DetailedPeerCertificate,
  type PeerCertificate,
  type SecureContext,
  connect as startTls,
  type TLSSocket,
} from 'node:tls'
import type { ResolvedAddress } from './resolver.ts'
import { PeerClosed } from './trouble.ts'

export type Security = {
  readonly serverName?: string // For SNI; absent for an address.
  readonly context: SecureContext
}

/** What the peer showed in the handshake; nothing was judged and nothing was sent yet. */
export type Handshake = {
  readonly protocol: string // As OpenSSL names it, e.g. 'TLSv1.3'.
  readonly cipher: string // IANA name.
  readonly chainFault?: string // OpenSSL's verify code; absent when the chain leads to a trusted authority.
  readonly leaf: PeerCertificate
  /** The leaf, linked to its issuers; costs a fifth of a handshake. To be asked before the next `await`. */
  readonly readChain: () => DetailedPeerCertificate
}

type Waiter = { readonly resolve: () => void; readonly reject: (error: unknown) => void }

export class Connection {
  readonly #signal: AbortSignal
  #socket: Socket
  #listening: Socket | undefined
  #chunks: Buffer[] = []
  #hasEnded = false
  #failure: { readonly error: unknown } | undefined
  #waiter: Waiter | undefined // At most one: phases follow each other.

  constructor(address: ResolvedAddress & { readonly port: number }, signal: AbortSignal) {
    this.#signal = signal
    // Never by name, never happy eyeballs: the address was checked, and its own failure is what we want to see.
    this.#socket = connect({
      host: address.ip,
      port: address.port,
      family: address.family,
      autoSelectFamily: false,
    })
    this.#socket.on('error', (error) => this.#fail(error))
    signal.addEventListener('abort', this.#abort)
    if (signal.aborted) this.#abort()
  }

  /** Resolves when the peer has accepted. Rejects with the socket's error. */
  async opened(): Promise<void> {
    if (this.#socket.connecting) await this.#wait('connect')
    else this.#throwFailure()
  }

  /** Shakes hands leniently, so that a bad certificate can be looked at. To judge it before the first `send` is the caller's duty. */
  async secured({ serverName, context }: Security): Promise<Handshake> {
    const raw = this.#socket
    const secure = startTls({
      socket: raw,
      secureContext: context,
      rejectUnauthorized: false,
      ...(serverName === undefined ? {} : { servername: serverName }),
      checkServerIdentity: () => undefined, // The caller judges the name too.
    })
    // Node would build the whole chain for the check that we just took from it. The method comes back before anybody else asks.
    secure.getPeerCertificate = () => ({}) as DetailedPeerCertificate
    this.#socket = secure
    secure.on('error', (error) => this.#fail(error))
    this.#listen() // At once: a stream that nobody reads does not even tell that the peer hung up.
    await this.#wait('secureConnect')
    Reflect.deleteProperty(secure, 'getPeerCertificate')
    return handshakeOf(secure)
  }

  /** Queues bytes for the peer; trouble shows at the next `read`. */
  send(text: string): void {
    this.#socket.write(text, 'latin1')
  }

  /** The next bytes; undefined after the peer closed in good order. */
  async read(): Promise<Buffer | undefined> {
    this.#listen()
    if (this.#chunks.length === 0 && !this.#hasEnded) await this.#wait()
    return this.#chunks.shift()
  }

  /** Idempotent. No handle outlives it. */
  close(): void {
    this.#signal.removeEventListener('abort', this.#abort)
    this.#socket.destroy()
    this.#chunks = []
  }

  // Not before the first `read` or the upgrade: until then the bytes may belong to TLS.
  #listen(): void {
    if (this.#listening === this.#socket) return
    this.#listening = this.#socket
    this.#socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#wake()
    })
    this.#socket.on('end', () => {
      this.#hasEnded = true
      this.#wake()
    })
  }

  readonly #abort = (): void => {
    this.#fail(this.#signal.reason)
    this.#socket.destroy()
  }

  async #wait(event?: 'connect' | 'secureConnect'): Promise<void> {
    this.#throwFailure()
    await new Promise<void>((resolve, reject) => {
      this.#waiter = { resolve, reject }
      if (event !== undefined) this.#socket.once(event, () => this.#wake())
    })
    if (event !== undefined && this.#hasEnded) throw new PeerClosed('the peer closed the connection')
  }

  #wake(): void {
    this.#waiter?.resolve()
    this.#waiter = undefined
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#waiter?.reject(error)
    this.#waiter = undefined
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}

function handshakeOf(socket: TLSSocket): Handshake {
  // authorizationError is a code when rejectUnauthorized is false, whatever its declared type; null when there is no fault.
  const fault = socket.authorizationError as unknown as string | null
  return {
    protocol: socket.getProtocol() ?? '',
    cipher: socket.getCipher().standardName,
    ...(fault === null ? {} : { chainFault: String(fault) }),
    // Not getPeerX509Certificate: it leaks 4.5 KB for each intermediate certificate (Node 24).
    leaf: socket.getPeerCertificate(),
    readChain: () => socket.getPeerCertificate(true),
  }
}

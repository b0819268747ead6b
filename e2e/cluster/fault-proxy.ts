// A TLS-terminating proxy before the real API server that refuses, delays, cuts, rewrites and freezes what passes. It also keeps the book
// of all that passed, and of what Roundsman must never send.
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type Duplex, type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { CertificateAuthority } from './certificates.ts'

/** One request that came to the proxy. Times are those of `performance.now()`. */
export type Passage = {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly authorization: string
  readonly atMs: number
  code: number // 0 until answered.
}

export type Wants = (passage: Passage) => boolean

/** What happens to the requests that a rule wants; what is absent is left as it is. */
export type Fault = {
  readonly wants: Wants
  /** How often; default always. */
  times?: number
  readonly refuse?: {
    readonly code: number
    readonly body?: unknown
    readonly headers?: Readonly<Record<string, string>>
  }
  readonly delayMs?: number
  readonly query?: (query: URLSearchParams) => void
  /** Cuts the connection after so many bytes of the answer's body. */
  readonly cutAfterBytes?: number
  /** Ends the answer in order after this time. */
  readonly endAfterMs?: number
  /** What passes instead of each line of the answer. */
  readonly lines?: (line: string) => readonly string[]
}

export const isWatchOf =
  (plural: string): Wants =>
  ({ path, query }) =>
    path.endsWith(`/${plural}`) && query.has('watch')
export const isListOf =
  (plural: string): Wants =>
  ({ path, query, method }) =>
    method === 'GET' && path.endsWith(`/${plural}`) && !query.has('watch')

export type FaultProxyOptions = {
  /** Of the real API server. */
  readonly server: string
  readonly caFile: string
  /** Signs the proxy's own certificate; changed by `presentCertificateOf`. */
  readonly authority: CertificateAuthority
  /** Where it listens. */
  readonly address: string
}

export class FaultProxy {
  readonly passages: Passage[] = []
  /** What the API server would have taken, and Roundsman must not send: deletes without preconditions, owners of other namespaces. */
  readonly offences: string[] = []
  readonly #options: FaultProxyOptions
  readonly #agent: Agent
  readonly #server: Server
  readonly #faults = new Set<Fault>()
  readonly #sockets = new Set<Duplex>()
  #frozen: { readonly until: Promise<void>; readonly thaw: () => void } | undefined

  private constructor(options: FaultProxyOptions) {
    this.#options = options
    this.#agent = new Agent({ connect: { ca: readFileSync(options.caFile) }, bodyTimeout: 0, allowH2: false })
    this.#server = createServer({ keepAliveTimeout: 60_000 }, (incoming, response) => {
      this.#pass(incoming, response).catch(() => response.destroy())
    })
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options)
    await proxy.presentCertificateOf(options.authority)
    await new Promise<void>((resolve) => proxy.#server.listen(0, options.address, resolve))
    return proxy
  }

  get url(): string {
    return `https://${this.#options.address}:${(this.#server.address() as AddressInfo).port}`
  }

  /** From the next connection on, the proxy's certificate is signed by this authority. */
  async presentCertificateOf(authority: CertificateAuthority): Promise<void> {
    const { certificate, key } = await authority.issue({
      commonName: 'kube-apiserver',
      ips: [this.#options.address],
    })
    this.#server.setSecureContext({ cert: certificate, key })
  }

  /** The rule holds until it was used up or the answer is called. */
  add(fault: Fault): () => void {
    const held = { ...fault }
    this.#faults.add(held)
    return () => {
      this.#faults.delete(held)
    }
  }

  clear(): void {
    this.#faults.clear()
  }

  /** Cuts every connection there is, in the middle of whatever passes. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Nothing passes in either direction, and nobody is told. */
  freeze(): void {
    let thaw = (): void => {}
    const until = new Promise<void>((resolve) => {
      thaw = resolve
    })
    this.#frozen = { until, thaw }
  }

  thaw(): void {
    this.#frozen?.thaw()
    this.#frozen = undefined
  }

  async close(): Promise<void> {
    this.thaw()
    this.cutAll()
    await new Promise((resolve) => this.#server.close(resolve))
    await this.#agent.destroy()
  }

  async #pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', this.#options.server)
    const passage: Passage = {
      method: incoming.method ?? '',
      path: url.pathname,
      query: new URLSearchParams(url.searchParams),
      authorization: incoming.headers.authorization ?? '',
      atMs: performance.now(),
      code: 0,
    }
    this.passages.push(passage)
    const body = await textOf(incoming)
    this.#note(passage, body)
    const faults = this.#faultsOf(passage)
    for (const { delayMs, query } of faults) {
      if (delayMs !== undefined) await delay(delayMs)
      query?.(url.searchParams)
    }
    await this.#frozen?.until
    const refusal = faults.find(({ refuse }) => refuse !== undefined)?.refuse
    if (refusal !== undefined) {
      passage.code = refusal.code
      response.writeHead(refusal.code, { 'content-type': 'application/json', ...refusal.headers })
      response.end(JSON.stringify(refusal.body ?? { kind: 'Status', code: refusal.code }))
      return
    }
    await this.#forward({ incoming, response, url, body, passage, faults })
  }

  async #forward(exchange: Exchange): Promise<void> {
    const { incoming, response, url, body, passage, faults } = exchange
    const giveUp = new AbortController()
    response.once('close', () => giveUp.abort())
    const { accept, authorization, 'content-type': contentType } = incoming.headers
    const answer = await request(url, {
      method: passage.method as 'GET',
      dispatcher: this.#agent,
      signal: giveUp.signal,
      headers: {
        ...(accept === undefined ? {} : { accept }),
        ...(authorization === undefined ? {} : { authorization }),
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
      },
      body: body === '' ? null : body,
    })
    passage.code = answer.statusCode
    const retryAfter = answer.headers['retry-after']
    response.writeHead(answer.statusCode, {
      'content-type': String(answer.headers['content-type']),
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    })
    response.flushHeaders()
    for (const { endAfterMs } of faults) {
      if (endAfterMs !== undefined) setTimeout(() => response.end(), endAfterMs).unref()
    }
    await pipeline([answer.body as Readable, ...this.#transforms(faults), response])
  }

  #transforms(faults: readonly Fault[]): Transform[] {
    const transforms = [waiting(() => this.#frozen?.until)]
    for (const { lines, cutAfterBytes } of faults) {
      if (lines !== undefined) transforms.push(eachLine(lines))
      if (cutAfterBytes !== undefined) transforms.push(cutting(cutAfterBytes))
    }
    return transforms
  }

  #faultsOf(passage: Passage): readonly Fault[] {
    const held = [...this.#faults].filter(({ wants }) => wants(passage))
    for (const fault of held) {
      if (fault.times === undefined) continue
      fault.times -= 1
      if (fault.times <= 0) this.#faults.delete(fault)
    }
    return held
  }

  #note({ method, path }: Passage, body: string): void {
    const sent = (body === '' ? {} : JSON.parse(body)) as {
      preconditions?: { uid?: string; resourceVersion?: string }
    }
    if (method === 'DELETE' && !(sent.preconditions?.uid && sent.preconditions.resourceVersion)) {
      this.offences.push(`a delete without preconditions: ${path}`)
    }
  }
}

type Exchange = {
  readonly incoming: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
  readonly body: string
  readonly passage: Passage
  readonly faults: readonly Fault[]
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function waiting(until: () => Promise<void> | undefined): Transform {
  return new Transform({
    transform(chunk, _, done) {
      Promise.resolve(until()).then(() => done(null, chunk))
    },
  })
}

function cutting(bytes: number): Transform {
  let left = bytes
  return new Transform({
    transform(chunk: Buffer, _, done) {
      if (chunk.length >= left) {
        this.push(chunk.subarray(0, left))
        // Not at once: the bytes must be on the wire before the connection goes.
        setTimeout(() => done(new Error('cut')), 50)
        return
      }
      left -= chunk.length
      done(null, chunk)
    },
  })
}

function eachLine(map: (line: string) => readonly string[]): Transform {
  let rest = ''
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const lines = (rest + chunk.toString('utf8')).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines.flatMap((whole) => map(whole))) this.push(`${line}\n`)
      done()
    },
  })
}

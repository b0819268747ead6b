// One Alertmanager replica on a real loopback socket: API v2 over an AlertmanagerStore, and every way in which a server can misbehave.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RemoteSilence, SilencePost } from '../../src/domain/remote-silence.ts'
import type { AlertmanagerStore, Reply } from './alertmanager-store.ts'

/**
 * What becomes of a request. `lost`: it is carried out and the connection cut before the answer. `held`: a list of now, answered later.
 */
export type Fault =
  | { readonly kind: 'none' }
  | { readonly kind: 'status'; readonly status: number; readonly body?: string }
  | { readonly kind: 'body'; readonly body: string }
  | { readonly kind: 'silent' | 'reset' | 'lost' }
  | { readonly kind: 'held'; readonly until: Promise<void> }

export class AlertmanagerServer {
  version = '0.34.2'
  prefix = ''
  /** Asked for each request; `GET /api/v2/silences` is one. */
  fault: (request: string) => Fault = () => ({ kind: 'none' })
  /** What the list shows; a replica that lags shows less than the store holds. */
  shows: (silence: RemoteSilence) => boolean = () => true
  readonly requests: string[] = []
  readonly store: AlertmanagerStore
  readonly #server: Server

  private constructor(store: AlertmanagerStore) {
    this.store = store
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  static async start(store: AlertmanagerStore): Promise<AlertmanagerServer> {
    const server = new AlertmanagerServer(store)
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${this.prefix}`
  }

  /** How many requests begin with this text. */
  count(start: string): number {
    return this.requests.filter((request) => request.startsWith(start)).length
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const line = `${request.method} ${request.url?.slice(this.prefix.length)}`
    const body = await textOf(request)
    this.requests.push(line)
    const fault = this.fault(line)
    switch (fault.kind) {
      case 'none':
        return this.#answer(line, body, response)
      case 'status':
        return void response.writeHead(fault.status).end(fault.body ?? '')
      case 'body':
        return void response.end(fault.body)
      case 'held': {
        const answer = JSON.stringify(this.store.list().filter(this.shows).map(json))
        await fault.until
        return void response.end(answer)
      }
      case 'silent':
        return
      case 'reset':
        return void request.socket.destroy()
      case 'lost':
        this.#carryOut(line, body)
        return void request.socket.destroy()
      default:
        return fault satisfies never
    }
  }

  #answer(line: string, body: string, response: ServerResponse): void {
    if (line === 'GET /api/v2/silences') {
      return void response.end(JSON.stringify(this.store.list().filter(this.shows).map(json)))
    }
    if (line === 'GET /api/v2/status') {
      return void response.end(JSON.stringify({ versionInfo: { version: this.version } }))
    }
    const reply = this.#carryOut(line, body)
    if (reply.status === 200) return void response.end(JSON.stringify({ silenceID: reply.silenceID }))
    return void response.writeHead(reply.status).end(JSON.stringify(reply.message))
  }

  #carryOut(line: string, body: string): Reply {
    if (line === 'POST /api/v2/silences') return this.store.post(JSON.parse(body) as SilencePost)
    const [, id] = /^DELETE \/api\/v2\/silence\/(.+)$/.exec(line) ?? []
    return id === undefined ? { status: 404, message: `no such call: ${line}` } : this.store.expire(id)
  }
}

function json({ state, startsAt, startsAtText, endsAt, ...rest }: RemoteSilence) {
  return { ...rest, status: { state }, startsAt: startsAtText, endsAt: new Date(endsAt).toISOString() }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of request) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks).toString('utf8')
}

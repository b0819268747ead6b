// A real HTTP server on loopback that plays the API server by the test's script: each request waits until the test answers it. What the
// real one would refuse (a patch without its media type, a delete without preconditions) is refused here and remembered.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { ApiAccess } from '../../src/kube/access.ts'
import { fixedCredentials } from '../../src/kube/credentials.ts'

export class ScriptedApi {
  /** What the real API server would have refused, in words. A test ends with none. */
  readonly violations: string[] = []
  readonly #server: Server
  readonly #arrived: ScriptedRequest[] = []
  readonly #waiting: { wants(request: ScriptedRequest): boolean; resolve(request: ScriptedRequest): void }[] =
    []
  readonly #standing: { wants(request: ScriptedRequest): boolean; answer(request: ScriptedRequest): void }[] =
    []
  readonly #sockets = new Set<Socket>()

  private constructor() {
    this.#server = createServer((incoming, response) => void this.#receive(incoming, response))
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  /** On a free port, or on the one of an API server that went away. */
  static async start(port = 0): Promise<ScriptedApi> {
    const api = new ScriptedApi()
    await new Promise<void>((resolve) => api.#server.listen(port, '127.0.0.1', resolve))
    return api
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get access(): ApiAccess {
    return {
      server: this.url,
      namespace: 'roundsman',
      credentials: fixedCredentials({ authorization: 'Bearer good' }),
      readTls: async () => ({}),
      tlsFiles: [],
    }
  }

  get openSockets(): number {
    return this.#sockets.size
  }

  /** The next request that nobody has taken yet and `wants` takes; resolves when it arrives. */
  next(wants: (request: ScriptedRequest) => boolean = () => true): Promise<ScriptedRequest> {
    const index = this.#arrived.findIndex(wants)
    const [request] = index === -1 ? [] : this.#arrived.splice(index, 1)
    if (request !== undefined) return Promise.resolve(request)
    return new Promise((resolve) => this.#waiting.push({ wants, resolve }))
  }

  nextList(): Promise<ScriptedRequest> {
    return this.next((request) => request.method === 'GET' && !request.query.has('watch'))
  }

  nextWatch(): Promise<ScriptedRequest> {
    return this.next((request) => request.query.has('watch'))
  }

  /** From now on answers every request that `wants` takes, without the test. */
  answerEach(wants: (request: ScriptedRequest) => boolean, answer: (request: ScriptedRequest) => void): void {
    this.#standing.push({ wants, answer })
  }

  /** Requests that arrived and that the test has not taken. */
  get untaken(): number {
    return this.#arrived.length
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #receive(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const request = new ScriptedRequest(incoming, Buffer.concat(chunks).toString('utf8'), response)
    const violation = violationOf(request)
    if (violation !== undefined) {
      this.violations.push(`${request.method} ${request.path}: ${violation}`)
      request.refuse(415, { reason: 'UnsupportedMediaType', message: violation })
      return
    }
    const standing = this.#standing.find(({ wants }) => wants(request))
    if (standing !== undefined) {
      standing.answer(request)
      return
    }
    const index = this.#waiting.findIndex(({ wants }) => wants(request))
    const [waiting] = index === -1 ? [] : this.#waiting.splice(index, 1)
    if (waiting === undefined) this.#arrived.push(request)
    else waiting.resolve(request)
  }
}

export class ScriptedRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly #socket: Socket
  readonly #response: ServerResponse

  constructor(incoming: IncomingMessage, body: string, response: ServerResponse) {
    const url = new URL(incoming.url ?? '/', 'http://api')
    this.method = incoming.method ?? ''
    this.path = url.pathname
    this.query = url.searchParams
    this.headers = incoming.headers
    this.body = body
    this.#response = response
    this.#socket = incoming.socket
  }

  /** Resolves when the client's connection is gone. */
  get gone(): Promise<void> {
    if (this.#socket.closed) return Promise.resolve()
    return new Promise((resolve) => this.#socket.once('close', () => resolve()))
  }

  get json(): Record<string, unknown> {
    return JSON.parse(this.body) as Record<string, unknown>
  }

  reply(
    body: unknown,
    { code = 200, headers = {} }: { code?: number; headers?: Record<string, string> } = {},
  ): void {
    this.#response.writeHead(code, { 'content-type': 'application/json', ...headers })
    this.#response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

  /** As the API server refuses: with a Status. */
  refuse(code: number, status: object = {}, headers: Record<string, string> = {}): void {
    this.reply({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, ...status }, { code, headers })
  }

  /** Sends the headers of a watch and nothing else. */
  begin(): void {
    this.#response.writeHead(200, { 'content-type': 'application/json' })
    this.#response.flushHeaders()
  }

  /** Resolves when the bytes are handed to the kernel. */
  write(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#response.write(bytes, (error) => (error ? reject(error) : resolve()))
    })
  }

  event(type: string, object: unknown): Promise<void> {
    return this.write(`${JSON.stringify({ type, object })}\n`)
  }

  bookmark(resourceVersion: string): Promise<void> {
    return this.event('BOOKMARK', { kind: 'InspectionTarget', metadata: { resourceVersion } })
  }

  /** Ends the answer in order. */
  end(): void {
    this.#response.end()
  }

  /** Cuts the connection in the middle of whatever was being sent. */
  cut(): void {
    this.#response.destroy()
  }
}

const patchTypes = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
]

function violationOf({ method, query, headers, body }: ScriptedRequest): string | undefined {
  const type = headers['content-type'] ?? ''
  if (method === 'PATCH' && !patchTypes.includes(type)) return `a patch of type ${type}`
  if (type === patchTypes[0] && !query.has('fieldManager')) return 'an apply without fieldManager'
  if ((method === 'POST' || method === 'PUT' || method === 'DELETE') && type !== 'application/json') {
    return `a ${method} of type ${type}`
  }
  if (method === 'DELETE' && !hasPreconditions(body)) return 'a delete without preconditions'
  if (query.has('watch') && !query.has('resourceVersion')) return 'a watch without a version'
  return undefined
}

function hasPreconditions(body: string): boolean {
  const { preconditions } = JSON.parse(body === '' ? '{}' : body) as {
    preconditions?: { uid?: string; resourceVersion?: string }
  }
  return Boolean(preconditions?.uid && preconditions.resourceVersion)
}

// Loopback servers that behave as badly as a test wants: slow, silent, resetting, wrongly certified. Closed after each test.
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { Worker } from 'node:worker_threads'
import { onTestFinished } from 'vitest'

export type Served = {
  readonly port: number
  /** How many connections were accepted. */
  readonly accepted: () => number
  /** Everything that came in, over all connections, as Latin-1. */
  readonly received: () => string
  /** Resolves at the next accepted connection, or at once when one came that nobody asked for yet. */
  readonly connection: () => Promise<Socket>
}

type Behaviour = (socket: Socket) => void

/** Calls `behave` for each connection; bytes are counted whatever it does. */
export function serve(behave: Behaviour = () => {}, host = '127.0.0.1'): Promise<Served> {
  return listen((onSocket) => createServer(onSocket), { behave, host })
}

/** Behaves after the handshake; `received` holds decrypted bytes. */
export function serveTls(options: TlsOptions, behave: Behaviour = () => {}): Promise<Served> {
  return listen(
    (onSocket) => {
      const server = createTlsServer(options, (socket: TLSSocket) => onSocket(socket))
      server.on('tlsClientError', () => {}) // The prober hung up: wanted.
      return server
    },
    { behave, host: '127.0.0.1' },
  )
}

/** Answers every request head with the text that `answer` makes of its request line, then closes. */
export function serveHttp(answer: (path: string, head: string) => string, host?: string): Promise<Served> {
  return serve(answering(answer), host)
}

export function answering(answer: (path: string, head: string) => string): Behaviour {
  return (socket) => {
    let head = ''
    socket.on('data', (bytes) => {
      head += bytes.toString('latin1')
      if (head.includes('\r\n\r\n')) socket.end(answer(head.split(' ')[1] ?? '', head), 'latin1')
    })
  }
}

export function response(status: number, body = '', headers: Readonly<Record<string, string>> = {}): string {
  const fields = { 'Content-Length': String(Buffer.byteLength(body)), ...headers }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${status} Some Reason`, ...lines, '', Buffer.from(body).toString('latin1')].join('\r\n')
}

/** A port of loopback that nobody listens on. */
export async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A port whose accept queue is full: the kernel drops every further SYN, as a firewall that discards would. */
export async function blackHole(): Promise<number> {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads')
     const server = require('node:net').createServer()
     server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
       parentPort.postMessage(server.address().port)
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
     })`,
    { eval: true },
  )
  const port = await new Promise<number>((resolve) => worker.once('message', resolve))
  const { connect } = await import('node:net')
  const fillers = [0, 1].map(() => connect({ port, host: '127.0.0.1' }))
  await Promise.all(fillers.map((filler) => new Promise((resolve) => filler.once('connect', resolve))))
  onTestFinished(async () => {
    for (const filler of fillers) filler.destroy()
    await worker.terminate()
  })
  return port
}

async function listen(
  create: (onSocket: (socket: Socket) => void) => Server,
  { behave, host }: { readonly behave: Behaviour; readonly host: string },
): Promise<Served> {
  const sockets = new Set<Socket>()
  const unasked: Socket[] = []
  const asking: ((socket: Socket) => void)[] = []
  let accepted = 0
  let received = ''
  const server = create((socket) => {
    socket.on('error', () => {}) // Resets are part of the game.
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1')
    })
    behave(socket)
    const ask = asking.shift()
    if (ask === undefined) unasked.push(socket)
    else ask(socket)
  })
  server.on('connection', (socket) => {
    accepted += 1
    sockets.add(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    accepted: () => accepted,
    received: () => received,
    connection: () => {
      const socket = unasked.shift()
      return socket === undefined ? new Promise((resolve) => asking.push(resolve)) : Promise.resolve(socket)
    },
  }
}

// A real HTTP(S) server on loopback that keeps what it got and answers as it is told.
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { afterAll } from 'vitest'

export type ReceivedPost = {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export type WebhookServer = { readonly port: number; readonly posts: ReceivedPost[]; readonly server: Server }

export async function startWebhookServer(
  answer: (response: ServerResponse, post: ReceivedPost) => void = (response) => response.end(),
  identity?: { readonly certificate: string; readonly key: string },
): Promise<WebhookServer> {
  const posts: ReceivedPost[] = []
  const listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    const post = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body }
    posts.push(post)
    answer(response, post)
  }
  const server =
    identity === undefined
      ? createServer(listener)
      : createTlsServer({ cert: identity.certificate, key: identity.key }, listener)
  return { port: await listen(server), posts, server }
}

/** A server that speaks whatever the callback speaks. */
export async function startTcpServer(
  onConnection: (socket: Socket) => void,
): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {}) // The client may cut it off; that is what is tested.
    onConnection(socket)
  })
  return { port: await listen(server), server }
}

/** A port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createTcpServer()
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Resolves when no connection is open: nothing was left behind. */
export async function allClosed(server: Server): Promise<void> {
  const open = () =>
    new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)))
  while ((await open()) > 0) await new Promise((resolve) => setImmediate(resolve))
}

const opened: { readonly server: Server; readonly sockets: Set<Socket> }[] = []

afterAll(() => {
  for (const { server, sockets } of opened) {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
})

function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  opened.push({ server, sockets })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

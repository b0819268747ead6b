// What the probe benchmark probes: an HTTP, an HTTPS and a TCP port in a process of their own, answering 84 bytes. Prints its ports.
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { CertificateAuthority } from '../../e2e/cluster/certificates.ts'

export type TargetPorts = {
  readonly http: number
  readonly https: number
  readonly tcp: number
  readonly authority: string // PEM.
}

const body = 'x'.repeat(84)
const answer =
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n` +
  `Connection: close\r\n\r\n${body}`

const authority = await CertificateAuthority.create('bench')
const { certificate, key } = await authority.issue({
  commonName: 'target',
  ips: ['127.0.0.1'],
  dns: ['localhost'],
})
const secure = createTlsServer({ cert: certificate, key }, speakHttp)
secure.on('tlsClientError', () => {})
const ports: TargetPorts = {
  http: await listen(createServer(speakHttp)),
  https: await listen(secure),
  tcp: await listen(createServer((socket) => socket.on('error', () => {}).resume())),
  authority: authority.certificate,
}
process.stdout.write(`${JSON.stringify(ports)}\n`)
process.stdin.resume().on('end', () => process.exit()) // Ends with whoever started it.

function speakHttp(socket: Socket): void {
  socket.on('error', () => {})
  socket.once('data', () => socket.end(answer))
}

function listen(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve) =>
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () =>
      resolve((server.address() as AddressInfo).port),
    ),
  )
}

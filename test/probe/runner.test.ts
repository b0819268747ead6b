import { expect, test } from 'vitest'
import { Authority } from './certificates.ts'
import { serve, serveHttp, serveTls } from './servers.ts'
import { entryOf, httpEntry, reasonOf, subject, tcpEntry } from './subject.ts'

test('a probe that times out while this thread was held up is tried again at once', async () => {
  const server = await serve()
  const { clock, outcome } = subject()
  const probing = outcome(httpEntry(`http://127.0.0.1:${server.port}/`))
  await answered(await server.connection())
  clock.stall(6_000) // Our own fault: nobody could have read an answer.
  clock.advance(0)
  const second = await server.connection()
  await answered(second)
  second.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  expect(await probing).toMatchObject({ kind: 'ok', attempts: 2, measurementDegraded: false })
})

test('two such attempts in a row are InternalOverload, not a failure of the target', async () => {
  const server = await serve()
  const { clock, outcome } = subject()
  const probing = outcome(httpEntry(`http://127.0.0.1:${server.port}/`))
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await answered(await server.connection())
    clock.stall(6_000)
    clock.advance(0)
  }
  expect(await probing).toMatchObject({
    kind: 'unknown',
    reason: 'InternalOverload',
    attempts: 2,
    measurementDegraded: true,
  })
  expect(server.accepted()).toBe(2)
})

test('a timeout in the second attempt that was measured well is the target’s', async () => {
  const server = await serve()
  const { clock, outcome } = subject()
  const probing = outcome(httpEntry(`http://127.0.0.1:${server.port}/`))
  await answered(await server.connection())
  clock.stall(6_000)
  clock.advance(0)
  await answered(await server.connection())
  await clock.advanceAsync(5_000)
  expect(await probing).toMatchObject({ kind: 'failed', reason: 'TimeoutProcessing', attempts: 2 })
})

test('a degraded measurement that did not time out is marked, and its outcome stands', async () => {
  const server = await serve()
  const { clock, outcome } = subject()
  const probing = outcome(httpEntry(`http://127.0.0.1:${server.port}/`))
  const socket = await server.connection()
  await answered(socket)
  clock.stall(1_000)
  socket.end('HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n')
  expect(await probing).toMatchObject({ reason: 'HttpStatus', attempts: 1, measurementDegraded: true })
})

test('a lag below a tenth of the timeout, or before the probe, marks nothing', async () => {
  const server = await serve()
  const { clock, outcome } = subject()
  clock.stall(3_000)
  clock.advance(10)
  const probing = outcome(httpEntry(`http://127.0.0.1:${server.port}/`))
  const socket = await server.connection()
  await answered(socket)
  clock.stall(400)
  socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  expect(await probing).toMatchObject({ kind: 'ok', measurementDegraded: false })
})

test('a withdrawn probe has no outcome and its socket is closed', async () => {
  const server = await serve()
  const { result, clock } = subject()
  const withdrawn = new AbortController()
  const probing = result(httpEntry(`http://127.0.0.1:${server.port}/`), withdrawn.signal)
  const socket = await server.connection()
  const closed = new Promise((resolve) => socket.once('close', resolve))
  withdrawn.abort()
  expect(await probing).toEqual({ kind: 'withdrawn' })
  await closed
  expect(clock.pending).toBe(1) // Only the lag sampler's.
})

test('a probe withdrawn before it began opens nothing', async () => {
  const server = await serve()
  const { result } = subject()
  expect(await result(tcpEntry(server.port), AbortSignal.abort())).toEqual({ kind: 'withdrawn' })
})

test('more probes to one address than it may bear wait a little, then skip; waiting is no latency', async () => {
  const server = await serve()
  const { result, clock } = subject({ perAddressMax: 1 })
  const first = result(httpEntry(`http://127.0.0.1:${server.port}/`))
  const socket = await server.connection()
  await answered(socket)
  const second = result(httpEntry(`http://127.0.0.1:${server.port}/`))
  const third = result(httpEntry(`http://127.0.0.1:${server.port}/`))
  await clock.advanceAsync(60)
  socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  await first
  const other = await server.connection()
  await answered(other)
  await clock.advanceAsync(40)
  expect(await third).toEqual({ kind: 'skipped', cause: 'address-busy' })
  other.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  expect(await second).toMatchObject({ kind: 'ended', outcome: { kind: 'ok', durationSeconds: 0.04 } })
})

test('handshakes beyond the permits wait, and the wait is no latency', async () => {
  const root = await Authority.create()
  const identity = await root.issue({ ips: ['127.0.0.1'] })
  const silent = await serve()
  const server = await serveTls({ cert: identity.certificate, key: identity.key }, (socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')),
  )
  const { outcome, clock } = subject({ certificateAuthorities: [root.certificate] })
  const hanging = [1, 2, 3, 4, 5, 6].map(() => outcome(httpEntry(`https://127.0.0.1:${silent.port}/`)))
  for (const _probe of hanging) await answered(await silent.connection())
  const probing = outcome(httpEntry(`https://127.0.0.1:${server.port}/`))
  await expect.poll(() => server.accepted()).toBe(1)
  await clock.advanceAsync(100) // The silent ones give their permits back.
  const found = await probing
  expect(found).toMatchObject({ kind: 'ok', durationSeconds: 0 })
  await clock.advanceAsync(5_000)
  expect((await Promise.all(hanging)).map(reasonOf)).toEqual(new Array(6).fill('TimeoutTls'))
})

test('a probe whose preparation trips over a defect of ours is told as that', async () => {
  const { outcome, defects } = subject()
  const broken = entryOf({
    type: 'http',
    url: 'http://127.0.0.1/',
    dial: { by: 'name', host: 'x', port: 80 },
  } as never)
  expect(await outcome(broken)).toMatchObject({ kind: 'unknown', reason: 'InternalError' })
  expect(defects).toHaveLength(1)
})

test('nothing of a failing server leads to a defect', async () => {
  const server = await serveHttp(() => '\0\0\0\0')
  const { outcome, defects } = subject()
  expect(reasonOf(await outcome(httpEntry(`http://127.0.0.1:${server.port}/`)))).toBe('HttpProtocol')
  expect(defects).toEqual([])
})

async function answered(socket: import('node:net').Socket): Promise<void> {
  if (socket.bytesRead === 0) await new Promise((resolve) => socket.once('data', resolve))
}

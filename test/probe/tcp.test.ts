import { expect, test } from 'vitest'
import { blackHole, closedPort, serve } from './servers.ts'
import { subject, tcpEntry } from './subject.ts'

test('an open port is ok, and the connection is closed', async () => {
  const server = await serve()
  const { outcome } = subject()
  const found = await outcome(tcpEntry(server.port))
  expect(found).toMatchObject({
    kind: 'ok',
    address: `127.0.0.1:${server.port}`,
    ipVersion: 4,
    attempts: 1,
    message: `connected to 127.0.0.1:${server.port} after 0ms (connect 0ms)`,
  })
  const socket = await server.connection()
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
})

test('an IPv6 port is dialled as such', async () => {
  const server = await serve(() => {}, '::1')
  expect(await subject().outcome(tcpEntry(server.port, { host: '::1' }))).toMatchObject({
    kind: 'ok',
    address: `[::1]:${server.port}`,
    ipVersion: 6,
  })
})

test('a closed port is ConnectRefused', async () => {
  const port = await closedPort()
  const found = await subject().outcome(tcpEntry(port))
  expect(found).toMatchObject({ kind: 'failed', reason: 'ConnectRefused' })
  expect(found.message).toContain(`connection refused by 127.0.0.1:${port}`)
  expect(Object.keys(found.phases)).toEqual(['connect'])
})

test('a port that swallows every packet is TimeoutConnect, at the deadline', async () => {
  const port = await blackHole()
  const { clock, outcome } = subject()
  const probing = outcome(tcpEntry(port, { timeoutMs: 3_000 }))
  await clock.advanceAsync(3_000)
  const found = await probing
  expect(found).toMatchObject({ reason: 'TimeoutConnect', durationSeconds: 3, phases: { connect: 3 } })
  expect(found.message).toBe(`no connection to 127.0.0.1:${port} after 3s (connect 3000ms)`)
})

test('a host that is none cannot run', async () => {
  const found = await subject().outcome(tcpEntry(80, { host: 'a/b' }))
  expect(found).toMatchObject({ kind: 'unknown', reason: 'ConfigInvalid' })
})

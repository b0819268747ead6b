import { expect, test } from 'vitest'
import { nameServer } from './name-server.ts'
import { response, serveHttp } from './servers.ts'
import { entryOf, httpEntry, reasonOf, subject, tcpEntry } from './subject.ts'

test.each([
  '169.254.169.254',
  '0xa9fea9fe',
  '2852039166',
  '0251.0376.0251.0376',
  '::ffff:169.254.169.254',
  '64:ff9b::a9fe:a9fe',
  'fe80::1',
  '0.0.0.0',
  '::',
  '224.0.0.1',
  '255.255.255.255',
  'metadata.google.internal',
  'metadata.google.internal.',
  '100.100.100.200',
  '168.63.129.16',
  '１６９.254.169.254',
])('a target at %s is denied: one sentence, no address, no timing', async (host) => {
  const { outcome } = subject()
  const found = await outcome(tcpEntry(80, { host }))
  expect(found).toEqual({
    kind: 'unknown',
    reason: 'PolicyDenied',
    startedAt: found.startedAt,
    durationSeconds: 0,
    phases: {},
    attempts: 1,
    measurementDegraded: false,
    message: 'the address policy does not let this address be probed',
  })
})

test.each([
  '127.0.0.1',
  '127.1',
  '0x7f.1',
  '::1',
  '::ffff:127.0.0.1',
  '2130706433',
  'localhost',
  'localhost.',
])('loopback as %s is denied in a cluster, without a packet', async (host) => {
  const server = await serveHttp(() => response(200))
  const { outcome } = subject({ addressPolicy: { loopback: 'refused' } })
  expect(reasonOf(await outcome(tcpEntry(server.port, { host })))).toBe('PolicyDenied')
  expect(server.accepted()).toBe(0)
})

test('a name of which one answer is refused is refused as a whole', async () => {
  const names = await nameServer((_name, type) =>
    type === 'A' ? { addresses: ['127.0.0.1', '169.254.169.254'] } : { addresses: [] },
  )
  const server = await serveHttp(() => response(200))
  const { outcome } = subject({ nameServers: [names.address] })
  const found = await outcome(tcpEntry(server.port, { host: 'mixed.example' }))
  expect(found).toMatchObject({ reason: 'PolicyDenied', phases: {} })
  expect(server.accepted()).toBe(0)
})

test('a name that changes between two probes is checked at each of them', async () => {
  let answers = 0
  const names = await nameServer(() => {
    answers += 1
    return { addresses: [answers === 1 ? '127.0.0.1' : '169.254.169.254'] }
  })
  const server = await serveHttp(() => response(200))
  const { outcome } = subject({ nameServers: [names.address] })
  const entry = httpEntry(`http://rebind.example:${server.port}/`)
  expect(reasonOf(await outcome(entry))).toBe('ok')
  expect(reasonOf(await outcome(entry))).toBe('PolicyDenied')
  expect(server.accepted()).toBe(1)
})

test('the address that was checked is the one that is dialled: a name is asked for once', async () => {
  const names = await nameServer(() => ({ addresses: ['127.0.0.1'] }))
  const server = await serveHttp(() => response(200))
  const { outcome } = subject({ nameServers: [names.address] })
  await outcome(httpEntry(`http://once.example:${server.port}/`))
  expect(names.questions).toEqual(['A once.example'])
})

test('a Service that was resolved to a refused address is denied too', async () => {
  const { outcome } = subject()
  const found = await outcome(
    entryOf({ type: 'tcp', dial: { by: 'address', ip: '169.254.169.254', port: 80 } }),
  )
  expect(reasonOf(found)).toBe('PolicyDenied')
})

import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { candidatesOf } from '../../src/probe/resolver.ts'
import { nameServer } from './name-server.ts'
import { blackHole, closedPort, serve } from './servers.ts'
import { entryOf, httpEntry, reasonOf, subject, tcpEntry, temporaryFile } from './subject.ts'

test.each([
  ['a name with few dots goes through the list first', 'db', 5, ['db.shop.svc', 'db.svc', 'db']],
  ['a name with enough dots goes as it is first', 'a.b', 1, ['a.b', 'a.b.shop.svc', 'a.b.svc']],
  ['a trailing dot ends the list', 'db.', 5, ['db']],
] as const)('%s', (_sentence, name, ndots, expected) => {
  expect(candidatesOf(name, { searchDomains: ['shop.svc', 'svc'], ndots })).toEqual(expected)
})

test('a name is looked up as a Pod of the namespace would', async () => {
  const server = await serve()
  const names = await nameServer((name) =>
    name === 'db.shop.svc.cluster.local' ? { addresses: ['127.0.0.1'] } : undefined,
  )
  const { outcome } = subject({ nameServers: [names.address] })
  const searchDomains = ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local']
  const found = await outcome(
    entryOf({ type: 'tcp', dial: { by: 'name', host: 'db', port: server.port, searchDomains } }),
  )
  expect(reasonOf(found)).toBe('ok')
  expect(names.questions).toEqual(['A db.shop.svc.cluster.local'])
})

test("without a list of its own the machine's holds, and it is read again when it changes", async () => {
  const names = await nameServer(() => undefined)
  const resolverFile = temporaryFile('search one.example\noptions ndots:2\n')
  const { outcome, clock } = subject({ nameServers: [names.address], resolverFile })
  await outcome(tcpEntry(80, { host: 'db' }))
  writeFileSync(resolverFile, 'search two.example three.example # and no more\n')
  clock.advance(1_000)
  await outcome(tcpEntry(80, { host: 'a.b' }))
  expect(names.questions).toEqual([
    'A db.one.example',
    'A db',
    'A a.b',
    'A a.b.two.example',
    'A a.b.three.example',
  ])
})

test('the hosts file comes first, and is read again when it changes', async () => {
  const server = await serve()
  const names = await nameServer(() => undefined)
  const hostsFile = temporaryFile('# none\n')
  const { outcome, clock } = subject({ nameServers: [names.address], hostsFile })
  const entry = tcpEntry(server.port, { host: 'Listed.Example' })
  expect(reasonOf(await outcome(entry))).toBe('DnsNxdomain')
  writeFileSync(hostsFile, '127.0.0.1\tlisted.example alias # comment\n')
  clock.advance(1_000)
  expect(reasonOf(await outcome(entry))).toBe('ok')
})

test('localhost is loopback even where no file says so', async () => {
  const server = await serve()
  const { outcome } = subject({ hosts: '', nameServers: ['127.0.0.1:1'] })
  expect(reasonOf(await outcome(tcpEntry(server.port, { host: 'localhost' })))).toBe('ok')
})

test('IPv4 is preferred; a name with IPv6 alone is dialled there', async () => {
  const server = await serve(() => {}, '::1')
  const names = await nameServer((name) => ({
    addresses: name === 'six.example' ? ['::1'] : ['127.0.0.1', '::1'],
  }))
  const { outcome } = subject({ nameServers: [names.address] })
  expect(await outcome(tcpEntry(server.port, { host: 'six.example' }))).toMatchObject({
    kind: 'ok',
    ipVersion: 6,
  })
  expect(await outcome(tcpEntry(server.port, { host: 'both.example' }))).toMatchObject({ ipVersion: 4 })
})

test('every failure of a name has its own reason', async () => {
  const names = await nameServer((name) => {
    if (name === 'empty.example') return { addresses: [] }
    if (name === 'servfail.example') return { rcode: 2 }
    if (name === 'refused.example') return { rcode: 5 }
    return undefined
  })
  const { outcome } = subject({ nameServers: [names.address] })
  const reasons = await Promise.all(
    ['missing', 'empty', 'servfail', 'refused'].map(async (name) =>
      reasonOf(await outcome(tcpEntry(80, { host: `${name}.example` }))),
    ),
  )
  expect(reasons).toEqual(['DnsNxdomain', 'DnsNoAddress', 'DnsServfail', 'DnsRefused'])
})

test('the six ways not to reach a target have six reasons', async () => {
  const names = await nameServer((name) =>
    name === 'silent.example' ? 'silence' : name === 'servfail.example' ? { rcode: 2 } : undefined,
  )
  const { outcome, clock } = subject({ nameServers: [names.address] })
  const resetting = await serve((socket) => socket.once('data', () => socket.resetAndDestroy()))
  const asked = names.question()
  const timingOut = [outcome(tcpEntry(80, { host: 'silent.example' })), outcome(tcpEntry(await blackHole()))]
  await asked
  await clock.advanceAsync(5_000)
  const found = await Promise.all([
    outcome(tcpEntry(80, { host: 'missing.example' })),
    outcome(tcpEntry(80, { host: 'servfail.example' })),
    ...timingOut,
    outcome(tcpEntry(await closedPort())),
    outcome(httpEntry(`http://127.0.0.1:${resetting.port}/`)),
  ])
  expect(found.map(reasonOf)).toEqual([
    'DnsNxdomain',
    'DnsServfail',
    'TimeoutResolve',
    'TimeoutConnect',
    'ConnectRefused',
    'ConnectReset',
  ])
})

test('SERVFAIL of one candidate outranks that the others do not exist', async () => {
  const names = await nameServer((name) => (name === 'db.one.example' ? { rcode: 2 } : undefined))
  const { outcome } = subject({ nameServers: [names.address], resolvConf: 'search one.example two.example' })
  expect(reasonOf(await outcome(tcpEntry(80, { host: 'db' })))).toBe('DnsServfail')
  expect(names.questions).toContain('A db.two.example')
})

test("a name server's refused port is our resolver's trouble, never the target's", async () => {
  const { outcome } = subject({ nameServers: [`127.0.0.1:${await closedPort()}`] })
  expect(await outcome(tcpEntry(80, { host: 'shop.example' }))).toMatchObject({
    kind: 'unknown',
    reason: 'InternalResolver',
  })
})

test('one question is asked for all who ask it at once, and no answer is kept', async () => {
  const server = await serve()
  const names = await nameServer(() => ({ addresses: ['127.0.0.1'] }))
  const { outcome } = subject({ nameServers: [names.address] })
  const entry = tcpEntry(server.port, { host: 'many.example' })
  await Promise.all([1, 2, 3, 4].map(() => outcome(entry)))
  expect(names.questions).toHaveLength(1)
  await outcome(entry)
  expect(names.questions).toHaveLength(2)
})

test('a thousand addresses, asked for again over TCP, pass; more than the cap do not', async () => {
  const server = await serve()
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => `127.0.${index >> 8}.${(index % 250) + 1}`)
  const names = await nameServer((name) => ({ addresses: many(name === 'wide.example' ? 1000 : 1025) }))
  const { outcome } = subject({ nameServers: [names.address] })
  expect(reasonOf(await outcome(tcpEntry(server.port, { host: 'wide.example' })))).toBe('ok')
  expect(reasonOf(await outcome(tcpEntry(server.port, { host: 'wider.example' })))).toBe('DnsBadResponse')
})

test('an answer that is no DNS message is waited out, not believed', async () => {
  const names = await nameServer(() => 'nonsense')
  const { outcome, clock } = subject({ nameServers: [names.address] })
  const asked = names.question()
  const probing = outcome(tcpEntry(80, { host: 'odd.example' }))
  await asked
  await clock.advanceAsync(5_000)
  expect(['DnsBadResponse', 'TimeoutResolve']).toContain(reasonOf(await probing))
})

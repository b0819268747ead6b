import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fixedCredentials } from '../../src/kube/credentials.ts'
import { noObserver } from '../../src/kube/observers.ts'
import { Transport } from '../../src/kube/transport.ts'
import { FakeClock } from '../fakes/clock.ts'
import { FakeLog } from '../fakes/log.ts'
import { Authority } from '../probe/certificates.ts'

let folder: string
let caFile: string
let server: Server
let clock: FakeClock
let transport: Transport
let connections: number

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ca-'))
  caFile = join(folder, 'ca.crt')
  clock = new FakeClock()
  connections = 0
  server = createServer((_, response) => response.end('{}'))
  server.on('secureConnection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const access = {
    server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    namespace: 'roundsman',
    credentials: fixedCredentials({}),
    readTls: async () => ({ ca: await readFile(caFile, 'utf8') }),
    tlsFiles: [caFile],
  }
  transport = new Transport({
    access,
    clock,
    random: () => 0,
    log: new FakeLog(),
    observer: noObserver.requests,
  })
})

afterEach(async () => {
  await transport.close()
  await new Promise((resolve) => server.close(resolve))
  await rm(folder, { recursive: true })
})

async function serveUnder(name: string): Promise<string> {
  const authority = await Authority.create(name)
  const { certificate, key } = await authority.issue({ ips: ['127.0.0.1'] })
  server.setSecureContext({ cert: certificate, key })
  return authority.certificate
}

function call() {
  const question = { verb: 'get', resource: 'namespaces', name: 'shop' }
  return transport.send({ question, method: 'GET', path: '/' })
}

test('trusts the authority that was given and no other', async () => {
  await serveUnder('one')
  const other = await Authority.create('other')
  await writeFile(caFile, other.certificate)
  expect(await call()).toMatchObject({ ok: false, failure: { kind: 'unavailable', trouble: 'network' } })
})

test('keeps its connections for the calls to come', async () => {
  await writeFile(caFile, await serveUnder('one'))
  for (let count = 0; count < 50; count++) expect((await call()).ok).toBe(true)
  expect(connections).toBeLessThanOrEqual(2)
})

test('takes a new authority from its file without a restart, at the latest after one failed call', async () => {
  await writeFile(caFile, await serveUnder('one'))
  expect((await call()).ok).toBe(true)
  server.closeAllConnections()
  await writeFile(caFile, await serveUnder('two'))
  const answers = [await call(), await call()]
  expect(answers.at(-1)?.ok).toBe(true)
})

test('looks at the file every minute and connects anew when it has changed', async () => {
  const authority = await serveUnder('one')
  await writeFile(caFile, authority)
  for (let count = 0; count < 10; count++) await call()
  const before = connections
  await writeFile(caFile, `${authority}\n`)
  for (let count = 0; count < 10; count++) await call()
  expect(connections).toBe(before)
  clock.advance(60_000)
  await call()
  expect(connections).toBe(before + 1)
})

test('counts a missing file as a transient trouble, and goes on when it is there', async () => {
  const authority = await serveUnder('one')
  expect(await call()).toMatchObject({ ok: false, failure: { kind: 'unavailable', code: 'ENOENT' } })
  await writeFile(caFile, authority)
  expect((await call()).ok).toBe(true)
})

import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:tls'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { CertificateMemory } from '../../src/probe/certificate-memory.ts'
import type { Handshake } from '../../src/probe/connection.ts'
import { FakeClock } from '../fakes/clock.ts'
import { Authority, type ServerIdentity } from './certificates.ts'
import { answering, response } from './servers.ts'
import { httpEntry, reasonOf, subject } from './subject.ts'

let root: Authority

beforeAll(async () => {
  root = await Authority.create()
})

async function changing(first: ServerIdentity): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer(
    { cert: first.certificate, key: first.key },
    answering(() => response(200)),
  )
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
  })
  return { server, port: (server.address() as AddressInfo).port }
}

test('a certificate that was good yesterday is judged anew today', async () => {
  const good = await root.issue({ dns: ['shop.test'] })
  const { server, port } = await changing(good)
  const { outcome } = subject({ certificateAuthorities: [root.certificate] })
  const entry = httpEntry(`https://shop.test:${port}/`)
  expect(reasonOf(await outcome(entry))).toBe('ok')
  const other = await root.issue({ dns: ['other.test'] })
  server.setSecureContext({ cert: other.certificate, key: other.key })
  expect(await outcome(entry)).toMatchObject({
    reason: 'TlsNameMismatch',
    tls: { leafExpiry: other.notAfter.getTime() / 1000 },
  })
  const expired = await root.issue({
    dns: ['shop.test'],
    notBefore: new Date(Date.now() - 200_000_000),
    notAfter: new Date(Date.now() - 100_000_000),
  })
  server.setSecureContext({ cert: expired.certificate, key: expired.key })
  expect(reasonOf(await outcome(entry))).toBe('TlsExpired')
})

test('one certificate is good for one name and bad for another', async () => {
  const { port } = await changing(await root.issue({ dns: ['shop.test'] }))
  const { outcome } = subject({ certificateAuthorities: [root.certificate] })
  const reasons = []
  for (const host of ['shop.test', 'other.test', 'shop.test']) {
    reasons.push(reasonOf(await outcome(httpEntry(`https://${host}:${port}/`))))
  }
  expect(reasons).toEqual(['ok', 'TlsNameMismatch', 'ok'])
})

test('a chain is read once in ten minutes, and again when it was verified with another result', () => {
  const clock = new FakeClock()
  const memory = new CertificateMemory(clock)
  let reads = 0
  const handshake = (chainFault?: string) =>
    ({
      protocol: 'TLSv1.3',
      cipher: '',
      leaf: { fingerprint256: 'AB:CD' },
      readChain: () => {
        reads += 1
        return {
          valid_to: 'Jan  1 00:00:00 2030 GMT',
          fingerprint256: 'AB:CD',
          subject: {},
          issuer: {},
          serialNumber: '',
        }
      },
      ...(chainFault === undefined ? {} : { chainFault }),
    }) as unknown as Handshake
  memory.factsOf(handshake())
  memory.factsOf(handshake())
  expect(reads).toBe(1)
  expect(memory.factsOf(handshake('CERT_HAS_EXPIRED')).verifyResult).toBe('CERT_HAS_EXPIRED')
  expect(reads).toBe(2)
  clock.advance(600_000)
  memory.factsOf(handshake())
  expect(reads).toBe(3)
})

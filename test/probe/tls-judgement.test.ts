import { beforeAll, expect, test } from 'vitest'
import { Authority, type ServerIdentity, selfSigned } from './certificates.ts'
import { answering, response, serve, serveTls } from './servers.ts'
import { httpEntry, reasonOf, subject } from './subject.ts'

const day = 24 * 3600 * 1000
let root: Authority
let good: ServerIdentity

beforeAll(async () => {
  root = await Authority.create()
  good = await root.issue({ dns: ['shop.test'], ips: ['127.0.0.1'] })
})

const ok = answering(() => response(200))
const trusting = () => subject({ certificateAuthorities: [root.certificate] })
const seconds = (date: Date) => date.getTime() / 1000

test('a trusted server passes; all five phases were reached and its certificate is known', async () => {
  const server = await serveTls({ cert: good.certificate, key: good.key }, ok)
  const found = await trusting().outcome(httpEntry(`https://shop.test:${server.port}/`))
  expect(found).toMatchObject({
    kind: 'ok',
    http: { ssl: true, statusCode: 200 },
    tls: {
      version: 'TLSv1.3',
      verifyResult: 'OK',
      leafExpiry: seconds(good.notAfter),
      earliestExpiry: seconds(good.notAfter),
      chain: {
        expiry: seconds(good.notAfter),
        subject: 'CN=server',
        issuer: 'CN=Test Root',
        subjectAlternative: 'shop.test',
      },
    },
  })
  expect(Object.keys(found.phases)).toEqual(['resolve', 'connect', 'tls', 'processing', 'transfer'])
  expect(found.tls?.chain?.fingerprintSha256).toMatch(/^[0-9a-f]{64}$/)
})

test('expiry counts over all certificates that were sent, and the chain over its root too', async () => {
  const intermediate = await root.intermediate('Short-lived', 5)
  const identity = await intermediate.issue({ dns: ['shop.test'] })
  const server = await serveTls({ cert: identity.certificate, key: identity.key }, ok)
  const { tls } = await trusting().outcome(httpEntry(`https://shop.test:${server.port}/`))
  expect(tls).toMatchObject({
    leafExpiry: seconds(identity.notAfter),
    earliestExpiry: seconds(intermediate.notAfter),
    chain: { expiry: seconds(intermediate.notAfter) },
  })
})

test('dialled by address, server name and Host are the name of the URL', async () => {
  let serverName: string | false | null = ''
  const server = await serveTls({ cert: good.certificate, key: good.key }, (socket) => {
    serverName = (socket as import('node:tls').TLSSocket).servername
    ok(socket)
  })
  const found = await trusting().outcome(
    httpEntry(`https://shop.test:${server.port}/`, {
      dial: { by: 'address', ip: '127.0.0.1', port: server.port },
    }),
  )
  expect(reasonOf(found)).toBe('ok')
  expect(serverName).toBe('shop.test')
  expect(server.received()).toContain(`Host: shop.test:${server.port}\r\n`)
  expect(found.phases).not.toHaveProperty('resolve')
})

test('an address in the URL is checked against the certificate and sent as no server name', async () => {
  let serverName: string | false | null = ''
  const server = await serveTls({ cert: good.certificate, key: good.key }, (socket) => {
    serverName = (socket as import('node:tls').TLSSocket).servername
    ok(socket)
  })
  const { outcome } = trusting()
  expect(reasonOf(await outcome(httpEntry(`https://127.0.0.1:${server.port}/`)))).toBe('ok')
  expect(serverName).toBe(false)
  const named = await root.issue({ dns: ['shop.test'] })
  const other = await serveTls({ cert: named.certificate, key: named.key }, ok)
  const found = await outcome(httpEntry(`https://127.0.0.1:${other.port}/`))
  expect(found).toMatchObject({ reason: 'TlsNameMismatch', tls: { leafExpiry: seconds(named.notAfter) } })
})

const past = () => ({ notBefore: new Date(Date.now() - 9 * day), notAfter: new Date(Date.now() - day) })
const future = () => ({ notBefore: new Date(Date.now() + day), notAfter: new Date(Date.now() + 9 * day) })

test.each([
  [
    'an expired certificate',
    () => root.issue({ dns: ['shop.test'], ...past() }),
    'TlsExpired',
    'CERT_HAS_EXPIRED',
  ],
  [
    'one not yet valid',
    () => root.issue({ dns: ['shop.test'], ...future() }),
    'TlsNotYetValid',
    'CERT_NOT_YET_VALID',
  ],
  [
    'a self-signed one',
    () => selfSigned({ dns: ['shop.test'] }),
    'TlsSelfSigned',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
  ],
  ['one for another name', () => root.issue({ dns: ['other.test'] }), 'TlsNameMismatch', 'OK'],
  [
    'one of an unknown authority',
    async () => (await Authority.create('Stranger')).issue({ dns: ['shop.test'] }),
    'TlsUntrusted',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ],
])(
  '%s is reported with its expiry, before a byte of the request is sent',
  async (_sentence, make, reason, code) => {
    const identity = await make()
    const server = await serveTls({ cert: identity.certificate, key: identity.key }, ok)
    const found = await trusting().outcome(httpEntry(`https://shop.test:${server.port}/`))
    expect(found).toMatchObject({
      kind: 'failed',
      reason,
      http: { statusCode: 0, ssl: false },
      tls: {
        verifyResult: code,
        leafExpiry: seconds(identity.notAfter),
        earliestExpiry: seconds(identity.notAfter),
      },
    })
    expect(found.tls?.chain === undefined).toBe(code !== 'OK')
    expect(Object.keys(found.phases)).toEqual(['resolve', 'connect', 'tls'])
    expect(server.received()).toBe('')
  },
)

test('a name mismatch names both', async () => {
  const identity = await root.issue({ dns: ['other.test', 'more.test'] })
  const server = await serveTls({ cert: identity.certificate, key: identity.key }, ok)
  const found = await trusting().outcome(httpEntry(`https://shop.test:${server.port}/`))
  expect(found.message).toContain('expected a certificate for shop.test, got one for other.test,more.test')
})

test('a server of old TLS versions only is TlsVersion', async () => {
  const server = await serveTls(
    {
      cert: good.certificate,
      key: good.key,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    },
    ok,
  )
  expect(reasonOf(await trusting().outcome(httpEntry(`https://shop.test:${server.port}/`)))).toBe(
    'TlsVersion',
  )
})

test('a plain answer where TLS is spoken is TlsNotSpoken', async () => {
  const server = await serve((socket) => socket.once('data', () => socket.end(response(400))))
  const found = await trusting().outcome(httpEntry(`https://shop.test:${server.port}/`))
  expect(found).toMatchObject({ reason: 'TlsNotSpoken', http: { ssl: false } })
  expect(found).not.toHaveProperty('tls')
})

test.each([
  ['TLSv1.2', 'TlsHandshake'], // The alert of TLS 1.2 does not say what was amiss.
  ['TLSv1.3', 'TlsClientCertificate'],
] as const)('a server that demands a client certificate over %s is %s', async (version, reason) => {
  const server = await serveTls(
    {
      cert: good.certificate,
      key: good.key,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: version,
      maxVersion: version,
    },
    ok,
  )
  const found = await trusting().outcome(httpEntry(`https://shop.test:${server.port}/`))
  expect(reasonOf(found)).toBe(reason)
})

test('a peer that hangs up in the handshake is ConnectClosed, one that resets it ConnectReset', async () => {
  const closing = await serve((socket) => socket.once('data', () => socket.end()))
  const resetting = await serve((socket) => socket.once('data', () => socket.resetAndDestroy()))
  const { outcome } = trusting()
  expect(reasonOf(await outcome(httpEntry(`https://shop.test:${closing.port}/`)))).toBe('ConnectClosed')
  expect(reasonOf(await outcome(httpEntry(`https://shop.test:${resetting.port}/`)))).toBe('ConnectReset')
})

test('a peer that is silent in the handshake is TimeoutTls', async () => {
  const server = await serve()
  const { clock, outcome } = trusting()
  const probing = outcome(httpEntry(`https://shop.test:${server.port}/`))
  const socket = await server.connection()
  await new Promise((resolve) => socket.once('data', resolve))
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await clock.advanceAsync(5_000)
  expect(await probing).toMatchObject({ reason: 'TimeoutTls', phases: { tls: 5 } })
  await closed
})

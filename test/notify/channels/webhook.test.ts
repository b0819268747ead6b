import { describe, expect, test } from 'vitest'
import type { Delivery } from '../../../src/evaluate/ports.ts'
import type { NotifierOptions } from '../../../src/notify/notifier.ts'
import { Authority, selfSigned } from '../../probe/certificates.ts'
import { allClosed, closedPort, startTcpServer, startWebhookServer } from '../webhook-server.ts'
import { notification, reference, resolverOf, secretsOf, setUpNotifier } from '../world.ts'

const receiver = {
  name: 'hook',
  webhook: { urlFrom: reference('keys', 'url'), bearerFrom: reference('keys', 'bearer') },
}
const message = notification(receiver)

function setUp(url: string, options: Partial<NotifierOptions> = {}) {
  const secrets = secretsOf({ 'shop/keys/url': url, 'shop/keys/bearer': 'the-bearer\n' })
  return setUpNotifier({ secrets, ...options })
}

async function deliver(url: string, options: Partial<NotifierOptions> = {}): Promise<Delivery> {
  const { notifier, clock } = setUp(url, options)
  const delivery = await notifier.deliver(message)
  expect(clock.pending).toBe(0) // No deadline outlives its attempt.
  return delivery
}

test('posts the body of an Alertmanager webhook with the bearer in the header', async () => {
  const { port, posts, server } = await startWebhookServer()
  expect(await deliver(`http://127.0.0.1:${port}/hooks/x?y=z\n`)).toEqual({ result: 'delivered' })
  expect(posts).toHaveLength(1)
  expect(posts[0]).toMatchObject({
    method: 'POST',
    path: '/hooks/x?y=z',
    headers: { 'content-type': 'application/json', authorization: 'Bearer the-bearer' },
  })
  expect(JSON.parse(posts[0]!.body)).toMatchObject({
    version: '4',
    receiver: 'shop/front/hook',
    status: 'firing',
    alerts: [
      {
        status: 'firing',
        labels: { alertname: 'TargetDown', target: 'checkout' },
        endsAt: '0001-01-01T00:00:00Z',
      },
    ],
  })
  await allClosed(server)
})

test('sends no authorization without a bearer', async () => {
  const { port, posts } = await startWebhookServer()
  const { notifier } = setUp(`http://localhost:${port}/`)
  const open = { name: 'open', webhook: { urlFrom: reference('keys', 'url') } }
  expect(await notifier.deliver(notification(open))).toEqual({ result: 'delivered' })
  expect(posts[0]!.headers).not.toHaveProperty('authorization')
})

describe('what the answer means', () => {
  test.each([
    [200, 'delivered'],
    [202, 'delivered'],
    [204, 'delivered'],
    [299, 'delivered'],
    [301, 'RedirectRefused permanent'],
    [307, 'RedirectRefused permanent'],
    [400, 'Http4xx permanent'],
    [401, 'AuthRejected permanent'],
    [403, 'AuthRejected permanent'],
    [404, 'Http4xx permanent'],
    [408, 'RateLimited'],
    [425, 'RateLimited'],
    [429, 'RateLimited'],
    [500, 'Http5xx'],
    [503, 'Http5xx'],
  ])('%i: %s', async (status, meaning) => {
    const { port } = await startWebhookServer((response) => response.writeHead(status).end())
    const delivery = await deliver(`http://127.0.0.1:${port}/`)
    expect(print(delivery)).toBe(meaning)
    if (delivery.result === 'failed') expect(delivery.message).toBe(`127.0.0.1 answered ${status}`)
  })

  test('a pause that the sink asks for is passed on, ten minutes at most', async () => {
    for (const [asked, passed] of [
      ['7', 7_000],
      ['99999', 600_000],
      ['Wed, 21 Oct 2026 07:28:00 GMT', undefined],
    ] as const) {
      const { port } = await startWebhookServer((response) =>
        response.writeHead(429, { 'retry-after': asked }).end(),
      )
      const delivery = await deliver(`http://127.0.0.1:${port}/`)
      expect(delivery.result === 'failed' && delivery.retryAfterMs).toBe(passed ?? undefined)
    }
  })

  test('a redirect is not followed: the other host sees no request', async () => {
    const other = await startWebhookServer()
    const { port } = await startWebhookServer((response) =>
      response.writeHead(302, { location: `http://127.0.0.1:${other.port}/secret-place` }).end(),
    )
    const delivery = await deliver(`http://127.0.0.1:${port}/`)
    expect(print(delivery)).toBe('RedirectRefused permanent')
    expect(JSON.stringify(delivery)).not.toContain('secret-place')
    expect(other.posts).toEqual([])
  })

  test('the reply is quoted in one short line, without what the sink was told in confidence', async () => {
    const { port } = await startWebhookServer((response, { headers, path }) =>
      response
        .writeHead(400)
        .end(`no:\r\n\u001b[31m${headers.authorization} at ${path} ${'x'.repeat(9_999)}`),
    )
    const delivery = await deliver(`http://127.0.0.1:${port}/hooks/T0000/canary-token?key=canary-key`)
    const text = delivery.result === 'failed' ? delivery.message : ''
    expect(text).toMatch(/^127\.0\.0\.1 answered 400: no: \[31mBearer \[redacted\] at \[redacted\] x+…$/)
    expect(text.length).toBeLessThan(240)
  })

  test('what is no HTTP is a bad response', async () => {
    const { port } = await startTcpServer((socket) =>
      socket.once('data', () => socket.end('220 smtp.example.com ready\r\n')),
    )
    expect(print(await deliver(`http://127.0.0.1:${port}/`))).toBe('BadResponse may have arrived')
  })

  test('headers without end are a bad response', async () => {
    const { port } = await startTcpServer((socket) =>
      socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(99_999)}\r\n`)),
    )
    expect(print(await deliver(`http://127.0.0.1:${port}/`))).toBe('BadResponse may have arrived')
  })

  test('a connection that breaks before the answer may have brought the message', async () => {
    const { port } = await startTcpServer((socket) => socket.once('data', () => socket.resetAndDestroy()))
    expect(print(await deliver(`http://127.0.0.1:${port}/`))).toBe('Reset may have arrived')
  })

  test('a 2xx whose body breaks off is a delivery: the status has answered', async () => {
    const { port } = await startTcpServer((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort')),
    )
    expect(print(await deliver(`http://127.0.0.1:${port}/`))).toBe('delivered')
  })
})

describe('a sink that does not come to an end', () => {
  test('and never answers is cut at the deadline', async () => {
    const reached = Promise.withResolvers<void>()
    const { port, server } = await startWebhookServer(() => reached.resolve())
    const { notifier, clock } = setUp(`http://127.0.0.1:${port}/`)
    const delivery = notifier.deliver(message)
    await reached.promise
    clock.advance(4_999)
    clock.advance(1)
    expect(print(await delivery)).toBe('Timeout may have arrived')
    await allClosed(server)
  })

  test('and drips its reply is cut at the deadline; its 200 counts', async () => {
    const begun = Promise.withResolvers<void>()
    const { port, server } = await startWebhookServer((response) => {
      response.writeHead(200)
      response.write('.', () => begun.resolve())
    })
    const { notifier, clock } = setUp(`http://127.0.0.1:${port}/`)
    const delivery = notifier.deliver(message)
    await begun.promise
    await clock.advanceAsync(5_000)
    // The head of the answer may still be on its way through the kernel: then it is late.
    expect(['delivered', 'Timeout may have arrived']).toContain(print(await delivery))
    await allClosed(server)
  })

  test('and sends more than 64 KiB is cut there', async () => {
    let sent = 0
    const { port, server } = await startTcpServer((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 500 Oops\r\ntransfer-encoding: chunked\r\n\r\n')
        const pour = () => {
          if (socket.destroyed) return
          sent += 1_024
          socket.write(`400\r\n${'z'.repeat(1_024)}\r\n`, pour)
        }
        pour()
      })
    })
    expect(print(await deliver(`http://127.0.0.1:${port}/`))).toBe('Http5xx')
    await allClosed(server)
    expect(sent).toBeLessThan(16 * 1024 * 1024)
  })

  test('and accepts no connection is given up after the time that connecting may take', async () => {
    const resolver = { resolve: () => new Promise<never>(() => {}) }
    const { notifier, clock } = setUp('https://hook.example.com/', {
      resolver,
      sinks: { allowed: ['hook.example.com'] },
    })
    const delivery = notifier.deliver(message)
    await clock.advanceAsync(3_000)
    expect(await delivery).toMatchObject({
      reason: 'Timeout',
      message: 'no DNS answer for hook.example.com within 3000ms',
    })
  })
})

describe('a sink that cannot be reached', () => {
  test('because nothing listens', async () => {
    const port = await closedPort()
    expect(await deliver(`http://127.0.0.1:${port}/secret-path`)).toEqual({
      result: 'failed',
      reason: 'Connect',
      message: `no connection to 127.0.0.1:${port}: ECONNREFUSED`,
      permanent: false,
      mayHaveArrived: false,
    })
  })

  test('because its name does not exist, or has no address', async () => {
    const sinks = { allowed: ['hook.example.com'] }
    const url = 'https://hook.example.com/secret-path'
    expect(await deliver(url, { sinks, resolver: resolverOf({}) })).toMatchObject({
      reason: 'Dns',
      message: 'hook.example.com cannot be resolved: ENOTFOUND',
    })
    const nowhere = resolverOf({ 'hook.example.com': [] })
    expect(await deliver(url, { sinks, resolver: nowhere })).toMatchObject({ reason: 'Dns' })
  })

  test('by its first address is tried by the next', async () => {
    const { port, posts } = await startWebhookServer()
    const resolver = resolverOf({ localhost: ['::1', '127.0.0.1'] }) // Nothing listens on ::1.
    expect(print(await deliver(`http://localhost:${port}/`, { resolver }))).toBe('delivered')
    expect(posts).toHaveLength(1)
  })
})

describe('a URL that is refused before a packet leaves', () => {
  const unasked = { resolve: () => Promise.reject(new Error('a name was looked up')) }

  test.each([
    [
      'a host that nobody listed',
      'https://evil.example.com/x',
      /not among the sinks .* --allow-sink evil\.example\.com:443/,
    ],
    [
      'plain http to another machine',
      'http://hook.example.com/x',
      /^plain http to hook\.example\.com:80 is refused/,
    ],
    [
      'plain http to this machine, which nobody listed',
      'http://127.0.0.1:8080/x',
      /^plain http to 127\.0\.0\.1:8080 is refused; .* --allow-sink 127\.0\.0\.1:8080$/,
    ],
    ['user name and password', 'https://user:pw@hook.example.com/x', /without user name and password/],
    ['another scheme', 'file:///etc/passwd', /not an https URL/],
    ['no URL at all', 'hook.example.com', /not an https URL/],
    [
      'the metadata service',
      'http://169.254.169.254/latest',
      /^plain http to 169\.254\.169\.254:80 is refused/,
    ],
    ['the metadata service in disguise', 'https://[::ffff:a9fe:a9fe]/x', /not among the sinks/],
  ])('%s', async (_name, url, expected) => {
    const delivery = await deliver(url, { sinks: { allowed: ['hook.example.com'] }, resolver: unasked })
    expect(delivery).toMatchObject({
      reason: 'HostRefused',
      permanent: true,
      message: expect.stringMatching(expected),
    })
    expect(JSON.stringify(delivery)).not.toMatch(/\/x|latest|pw|passwd/)
  })

  test.each([
    ['this machine', ['127.0.0.1']],
    ['link-local addresses', ['169.254.169.254']],
    ['one good and one forbidden address', ['93.184.215.14', '127.0.0.1']],
  ])('a listed name that leads to %s', async (_name, addresses) => {
    const { port, posts } = await startWebhookServer()
    const options = {
      sinks: { allowed: ['hook.example.com'] },
      resolver: resolverOf({ 'hook.example.com': addresses }),
    }
    expect(print(await deliver(`https://hook.example.com:${port}/`, options))).toBe('HostRefused permanent')
    expect(posts).toEqual([])
  })
})

describe('TLS', () => {
  test('is trusted by the authorities given, for the name asked for', async () => {
    const authority = await Authority.create()
    const server = await startWebhookServer(undefined, await authority.issue({ dns: ['localhost'] }))
    const certificateAuthorities = [authority.certificate]
    expect(print(await deliver(`https://localhost:${server.port}/`, { certificateAuthorities }))).toBe(
      'delivered',
    )
    const other = await deliver(`https://127.0.0.1:${server.port}/`, { certificateAuthorities })
    expect(other).toMatchObject({
      reason: 'Tls',
      message: 'no trusted TLS connection to 127.0.0.1: ERR_TLS_CERT_ALTNAME_INVALID',
    })
    expect(server.posts).toHaveLength(1)
    expect(server.posts[0]!.headers.authorization).toBe('Bearer the-bearer')
  })

  test('that is not trusted gets no byte of the message', async () => {
    const authority = await Authority.create()
    const expired = await authority.issue({ dns: ['localhost'], notAfter: new Date(Date.now() - 1_000) })
    for (const [identity, code] of [
      [await selfSigned({ dns: ['localhost'] }), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
      [await authority.issue({ dns: ['localhost'] }), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      [expired, 'CERT_HAS_EXPIRED'],
    ] as const) {
      const server = await startWebhookServer(undefined, identity)
      const certificateAuthorities = code === 'CERT_HAS_EXPIRED' ? [authority.certificate] : []
      const delivery = await deliver(`https://localhost:${server.port}/`, { certificateAuthorities })
      expect(delivery).toMatchObject({ reason: 'Tls', mayHaveArrived: false, permanent: false })
      expect(delivery.result === 'failed' && delivery.message).toBe(
        `no trusted TLS connection to localhost: ${code}`,
      )
      expect(server.posts).toEqual([])
      await allClosed(server.server)
    }
  })

  test('that the peer does not speak, or never finishes', async () => {
    const plain = await startTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    expect(print(await deliver(`https://127.0.0.1:${plain.port}/`))).toBe('Tls')

    const greeted = Promise.withResolvers<void>()
    const silent = await startTcpServer((socket) => socket.once('data', () => greeted.resolve()))
    const { notifier, clock } = setUp(`https://127.0.0.1:${silent.port}/`)
    const delivery = notifier.deliver(message)
    await greeted.promise
    clock.advance(5_000)
    expect(print(await delivery)).toBe('Timeout')
    await allClosed(silent.server)
  })
})

describe('credentials', () => {
  test.each([
    ['missing', {}],
    ['empty', { 'shop/keys/url': ' \n' }],
    ['of another namespace', { 'infra/keys/url': 'https://hook.example.com/' }],
    ['of two lines', { 'shop/keys/url': 'https://hook.example.com/\nhttps://evil.example.com/' }],
    ['not UTF-8', { 'shop/keys/url': 'https://hook.example.com/\uFFFD' }],
  ])('that are %s stop the attempt with one and the same message', async (_name, values) => {
    const { notifier } = setUpNotifier({ secrets: secretsOf(values) })
    expect(await notifier.deliver(message)).toEqual({
      result: 'failed',
      reason: 'SecretMissing',
      message:
        'receiver hook: key url of Secret keys is missing, empty, not one token, or not permitted; add it or change the reference',
      permanent: false,
      mayHaveArrived: false,
    })
  })

  test('are read anew for each attempt', async () => {
    const { port, posts } = await startWebhookServer()
    const values: Record<string, string> = {
      'shop/keys/url': `http://127.0.0.1:${port}/`,
      'shop/keys/bearer': 'old',
    }
    const { notifier } = setUpNotifier({ secrets: secretsOf(values) })
    await notifier.deliver(message)
    values['shop/keys/bearer'] = 'new'
    await notifier.deliver(message)
    expect(posts.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new'])
  })
})

function print(delivery: Delivery): string {
  if (delivery.result === 'delivered') return 'delivered'
  const { reason, permanent, mayHaveArrived } = delivery
  return [reason, ...(permanent ? ['permanent'] : []), ...(mayHaveArrived ? ['may have arrived'] : [])].join(
    ' ',
  )
}

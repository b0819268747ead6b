import { inspect } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Receiver } from '../../src/api/v1alpha1/alert-policy.ts'
import type { Delivery } from '../../src/evaluate/ports.ts'
import type { NotifierOptions } from '../../src/notify/notifier.ts'
import { deliveredReasons, permanentReasons, transientReasons } from '../../src/notify/reasons.ts'
import { Authority, type ServerIdentity } from '../probe/certificates.ts'
import { startMailServer } from './mail-server.ts'
import { allClosed, closedPort, startTcpServer, startWebhookServer } from './webhook-server.ts'
import { expectNowhere, notification, reference, resolverOf, secretsOf, setUpNotifier } from './world.ts'

const hook = {
  name: 'hook',
  webhook: { urlFrom: reference('keys', 'url'), bearerFrom: reference('keys', 'bearer') },
}

function setUp(url: string, options: Partial<NotifierOptions> = {}) {
  const secrets = secretsOf({ 'shop/keys/url': url, 'shop/keys/bearer': 'the-bearer' })
  return setUpNotifier({ secrets, ...options })
}

test('counts each attempt by channel, result and reason, and logs it with the receiver', async () => {
  const { port } = await startWebhookServer((response, { headers }) =>
    response.writeHead(headers.authorization === undefined ? 200 : 503).end(),
  )
  const { notifier, observed, log } = setUp(`http://127.0.0.1:${port}/`)
  await notifier.deliver(notification(hook))
  await notifier.deliver(notification({ name: 'open', webhook: { urlFrom: reference('keys', 'url') } }))
  expect(observed).toEqual([
    { channel: 'webhook', result: 'failed', reason: 'Http5xx' },
    { channel: 'webhook', result: 'delivered', reason: 'Ok' },
  ])
  const where = { namespace: 'shop', policy: 'front', channel: 'webhook' }
  expect(log.lines).toEqual([
    {
      level: 'warn',
      message: 'could not deliver a message',
      fields: { ...where, receiver: 'hook', reason: 'Http5xx', detail: '127.0.0.1 answered 503' },
    },
    {
      level: 'info',
      message: 'delivered a message',
      fields: { ...where, receiver: 'open', reason: 'Ok', alerts: 1 },
    },
  ])
})

test('never rejects: a defect is a failure like any other, and logged', async () => {
  const secrets = {
    read: () => {
      throw new TypeError('boom')
    },
  }
  const { notifier, log, observed, clock } = setUpNotifier({ secrets })
  expect(await notifier.deliver(notification(hook))).toMatchObject({
    result: 'failed',
    reason: 'InternalError',
    permanent: false,
  })
  expect(log.lines.map(({ level }) => level)).toEqual(['error', 'warn'])
  expect(observed).toMatchObject([{ reason: 'InternalError' }])
  expect(clock.pending).toBe(0)
})

test('a receiver whose channel this version does not know is a failure, not a crash', async () => {
  const { notifier } = setUpNotifier()
  expect(await notifier.deliver(notification({ name: 'newer' } as Receiver))).toMatchObject({
    result: 'failed',
    reason: 'InternalError',
    message: 'the receiver has no channel that this version of Roundsman knows',
  })
})

describe('when it is closed', () => {
  test('what is on its way may end within the grace', async () => {
    const arrived = Promise.withResolvers<() => void>()
    const { port } = await startWebhookServer((response) => arrived.resolve(() => response.end()))
    const { notifier, clock } = setUp(`http://127.0.0.1:${port}/`)
    const delivery = notifier.deliver(notification(hook))
    const answer = await arrived.promise
    const closed = notifier.close(1_000)
    clock.advance(999)
    answer()
    expect(await delivery).toEqual({ result: 'delivered' })
    await closed
    expect(clock.pending).toBe(0)
  })

  test('what takes longer is cut off, and nothing new begins', async () => {
    const arrived = Promise.withResolvers<void>()
    const { port, posts, server } = await startWebhookServer(() => arrived.resolve())
    const { notifier, clock } = setUp(`http://127.0.0.1:${port}/`)
    const delivery = notifier.deliver(notification(hook))
    await arrived.promise
    const closed = notifier.close(1_000)
    clock.advance(1_000)
    await closed
    expect(await delivery).toMatchObject({ reason: 'Timeout', mayHaveArrived: true })
    expect(await notifier.deliver(notification(hook))).toMatchObject({
      reason: 'Timeout',
      mayHaveArrived: false,
    })
    expect(posts).toHaveLength(1)
    await allClosed(server)
  })
})

test('a sink that hangs holds up no other', async () => {
  const hangs = await startWebhookServer(() => {})
  const quick = await startWebhookServer()
  const secrets = secretsOf({
    'shop/keys/url': `http://127.0.0.1:${hangs.port}/`,
    'shop/keys/bearer': 'b',
    'shop/quick/url': `http://127.0.0.1:${quick.port}/`,
  })
  const { notifier, clock } = setUpNotifier({ secrets })
  const slow = notifier.deliver(notification(hook))
  const other = { name: 'quick', webhook: { urlFrom: reference('quick', 'url') } }
  expect(await notifier.deliver(notification(other))).toEqual({ result: 'delivered' })
  clock.advance(5_000)
  expect(await slow).toMatchObject({ reason: 'Timeout' })
})

describe('no secret is ever shown', () => {
  const canaries = ['canary-path', 'canary-query', 'canary-bearer', 'canary-password']
  let identity: ServerIdentity
  let certificateAuthorities: readonly string[]

  beforeAll(async () => {
    const authority = await Authority.create()
    identity = await authority.issue({ dns: ['localhost'] })
    certificateAuthorities = [authority.certificate]
  })

  /** Delivers and checks everything that anybody can see of it. */
  async function check(
    receiver: Receiver,
    url: string,
    options: Partial<NotifierOptions> = {},
  ): Promise<Delivery> {
    const secrets = secretsOf({
      'shop/keys/url': url,
      'shop/keys/bearer': 'canary-bearer',
      'shop/keys/password': 'canary-password',
    })
    const { notifier, log, observed } = setUpNotifier({ secrets, certificateAuthorities, ...options })
    const delivery = await notifier.deliver(notification(receiver))
    const seen = [delivery, log.lines, observed].flatMap((value) => [
      JSON.stringify(value),
      inspect(value, { depth: 9 }),
    ])
    expectNowhere([...canaries, ...canaries.map((canary) => Buffer.from(canary).toString('base64'))], seen)
    return delivery
  }

  const path = '/canary-path?key=canary-query'

  test('by a webhook that answers, echoes, redirects, breaks or cannot be reached', async () => {
    const echo = await startWebhookServer((response, { path: asked, headers }) => {
      const text = `${asked} ${headers.authorization} ${decodeURIComponent(asked)}`
      response.writeHead(418, { location: `https://evil.example.com${asked}`, 'x-echo': asked }).end(text)
    })
    const redirect = await startWebhookServer((response, { path: asked }) =>
      response.writeHead(302, { location: asked }).end(asked),
    )
    const garbage = await startTcpServer((socket) => socket.once('data', (chunk) => socket.end(chunk)))
    const reset = await startTcpServer((socket) => socket.once('data', () => socket.resetAndDestroy()))
    const reasons: string[] = []
    for (const port of [echo.port, redirect.port, garbage.port, reset.port, await closedPort()]) {
      const delivery = await check(hook, `http://127.0.0.1:${port}${path}`)
      reasons.push(delivery.result === 'failed' ? delivery.reason : 'delivered')
    }
    expect(reasons).toEqual(['Http4xx', 'RedirectRefused', 'BadResponse', 'Reset', 'Connect'])
  })

  test('by a webhook whose URL, name, address or certificate is refused', async () => {
    const sinks = { allowed: ['hook.example.com'] }
    const expected = { HostRefused: 4, Dns: 1, Tls: 1 }
    const counted: Record<string, number> = {}
    const tls = await startWebhookServer(undefined, identity)
    for (const [url, options] of [
      [`https://canary-bearer:canary-password@hook.example.com${path}`, {}],
      [`nonsense${path}`, {}],
      [`https://evil.example.com${path}`, {}],
      [
        `https://hook.example.com${path}`,
        { sinks, resolver: resolverOf({ 'hook.example.com': ['127.0.0.1'] }) },
      ],
      [`https://hook.example.com${path}`, { sinks, resolver: resolverOf({}) }],
      [`https://localhost:${tls.port}${path}`, { certificateAuthorities: [] }],
    ] as const) {
      const delivery = await check(hook, url, options)
      const reason = delivery.result === 'failed' ? delivery.reason : 'delivered'
      counted[reason] = (counted[reason] ?? 0) + 1
    }
    expect(counted).toEqual(expected)
  })

  test('by a mail server that refuses the login or echoes it', async () => {
    const mail = (port: number) => ({
      name: 'mail',
      email: {
        to: ['a@example.com'],
        from: 'b@example.com',
        smarthost: `localhost:${port}`,
        username: 'ops',
        passwordFrom: reference('keys', 'password'),
      },
    })
    const refusing = await startMailServer(identity)
    expect(await check(mail(refusing.port), '')).toMatchObject({ reason: 'AuthRejected' })

    const echoing = await startMailServer(identity, {
      onAuth({ password }, _session, done) {
        const base64 = (text: string) => Buffer.from(text).toString('base64')
        const sent = [String(password), base64(String(password)), base64(`\0ops\0${password}`)]
        done(Object.assign(new Error(sent.join(' ')), { responseCode: 454 }))
      },
    })
    expect(await check(mail(echoing.port), '')).toEqual({
      result: 'failed',
      reason: 'Smtp4yz',
      message: 'localhost answered 454 [redacted] [redacted] [redacted]',
      permanent: false,
      mayHaveArrived: false,
    })
  })
})

test('every reason has its sentence, and belongs to one class', () => {
  const all = [deliveredReasons, transientReasons, permanentReasons].flatMap((reasons) =>
    Object.entries(reasons),
  )
  expect(new Set(all.map(([reason]) => reason)).size).toBe(all.length)
  for (const [reason, sentence] of all) {
    expect(reason).toMatch(/^[A-Z][A-Za-z0-9]+$/)
    expect(sentence).toMatch(/^[a-zA-Z].*[^.]$/)
  }
})

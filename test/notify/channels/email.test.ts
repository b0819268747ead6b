import { beforeAll, describe, expect, test } from 'vitest'
import type { Receiver } from '../../../src/api/v1alpha1/alert-policy.ts'
import type { Delivery, Notification } from '../../../src/evaluate/ports.ts'
import type { NotifierOptions } from '../../../src/notify/notifier.ts'
import { firing, resolved } from '../../evaluate/builders.ts'
import { Authority, type ServerIdentity, selfSigned } from '../../probe/certificates.ts'
import { mailError, startMailServer } from '../mail-server.ts'
import { allClosed, startTcpServer } from '../webhook-server.ts'
import { expectNowhere, notification, reference, secretsOf, setUpNotifier } from '../world.ts'

type Email = NonNullable<Receiver['email']>

let authority: Authority
let identity: ServerIdentity

beforeAll(async () => {
  authority = await Authority.create()
  identity = await authority.issue({ dns: ['localhost'] })
})

function receiver(port: number, fields: Partial<Email> = {}): Receiver {
  return {
    name: 'mail',
    email: {
      to: ['li.na@example.com'],
      from: 'Roundsman <roundsman@example.com>',
      smarthost: `localhost:${port}`,
      ...fields,
    },
  }
}

const login = { username: 'ops', passwordFrom: reference('smtp', 'password') }

function setUp(options: Partial<NotifierOptions> = {}) {
  const secrets = secretsOf({ 'shop/smtp/password': 'the password\n' })
  return setUpNotifier({ secrets, certificateAuthorities: [authority.certificate], ...options })
}

async function deliver(to: Receiver, fields: Partial<Notification> = {}): Promise<Delivery> {
  const { notifier, clock } = setUp()
  const delivery = await notifier.deliver(notification(to, fields))
  expect(clock.pending).toBe(0)
  return delivery
}

describe.concurrent('a mail', () => {
  test('is delivered over STARTTLS, marked as made by a machine, plain and HTML', async () => {
    const { port, mails } = await startMailServer(identity)
    expect(
      await deliver(receiver(port, { to: ['li.na@example.com', 'Wang Wei <wang.wei@example.com>'] })),
    ).toEqual({
      result: 'delivered',
    })
    expect(mails).toMatchObject([
      { from: 'roundsman@example.com', to: ['li.na@example.com', 'wang.wei@example.com'], secure: true },
    ])
    const { source } = mails[0]!
    for (const header of [
      /^From: Roundsman <roundsman@example\.com>$/m,
      /^To: li\.na@example\.com, Wang Wei <wang\.wei@example\.com>$/m,
      /^Subject: \[FIRING:1\] critical shop\/front$/m,
      /^Auto-Submitted: auto-generated$/m,
      /^Date: Thu, 01 Jan 2026 00:00:00 \+0000$/m,
      /^Message-ID: <[0-9a-f]{32}@example\.com>$/m,
      /^References: <[0-9a-f]{32}\.group@example\.com>$/m,
      /^Content-Type: text\/plain/m,
      /^Content-Type: text\/html/m,
    ]) {
      expect(source.replaceAll('\r\n', '\n')).toMatch(header)
    }
  })

  test('logs in, and only then', async () => {
    const { port, mails } = await startMailServer(identity, { authOptional: false })
    expect(await deliver(receiver(port, login))).toEqual({ result: 'delivered' })
    expect(mails).toMatchObject([{ user: 'ops', secure: true }])
    expect(print(await deliver(receiver(port)))).toMatch(/^Smtp5yz permanent: localhost answered 530/)
  })

  test('of the same news has the same Message-ID, of other news another one in the same thread', async () => {
    const { port, mails } = await startMailServer(identity)
    const alert = firing()
    const messages = [
      { alerts: [alert] },
      { alerts: [alert], mayBeRepeat: true },
      { alerts: [alert], repeat: 1 },
      { alerts: [resolved(alert, 5)], status: 'resolved' as const },
      { alerts: [alert], groupKey: 'another' },
    ]
    for (const message of messages) await deliver(receiver(port), message)
    const ids = mails.map(({ source }) => /^Message-ID: (.*)$/m.exec(source)?.[1])
    const threads = mails.map(({ source }) => /^References: (.*)$/m.exec(source)?.[1])
    expect(ids[1]).toBe(ids[0])
    expect(new Set(ids).size).toBe(4)
    expect(new Set(threads.slice(0, 4)).size).toBe(1)
    expect(threads[4]).not.toBe(threads[0])
  })

  test('cannot be bent by what stands in labels: no header, no line, no markup arises', async () => {
    const { port, mails } = await startMailServer(identity)
    const hostile = 'x\r\nBcc: evil@example.com\r\n.\r\nQUIT\r\n<script>alert(1)</script> {{ "x" }}'
    const alert = firing({ target: hostile, alertname: hostile })
    const evil = { ...alert, annotations: new Map([['summary', hostile]]) }
    const policy = { uid: 'u', namespace: 'shop', name: hostile }
    expect(await deliver(receiver(port), { alerts: [evil], policy })).toEqual({ result: 'delivered' })
    expect(mails[0]!.to).toEqual(['li.na@example.com'])
    const [head = ''] = mails[0]!.source.split('\r\n\r\n')
    expect(head).not.toMatch(/^Bcc:/m)
    expect(mails[0]!.source).not.toMatch(/^(Bcc|QUIT|\.\r?$)/m)
    const [, html = ''] = mails[0]!.source.split('Content-Type: text/html')
    expect(html).not.toContain('<script>')
    expect(html).toContain('&lt;script&gt;')
    for (const line of mails[0]!.source.split('\r\n'))
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(998)
  })
})

describe.concurrent('recipients', () => {
  const to = ['a@example.com', 'b@example.com', 'c@example.com']

  test('refused for now are tried again, they alone', async () => {
    const { port, mails, refusals } = await startMailServer(identity)
    const { notifier, observed } = setUp()
    const message = notification(receiver(port, { to }))
    refusals['b@example.com'] = [450, 'mailbox is busy']
    expect(print(await notifier.deliver(message))).toBe('Smtp4yz: b@example.com: 450 mailbox is busy')
    delete refusals['b@example.com']
    expect(await notifier.deliver(message)).toEqual({ result: 'delivered' })
    expect(mails.map((mail) => mail.to)).toEqual([['a@example.com', 'c@example.com'], ['b@example.com']])
    expect(observed).toEqual([
      { channel: 'email', result: 'failed', reason: 'Smtp4yz' },
      { channel: 'email', result: 'delivered', reason: 'Ok' },
    ])
  })

  test('refused for good keep the others from nothing, and are told', async () => {
    const { port, mails, refusals } = await startMailServer(identity)
    const { notifier, observed, log } = setUp()
    refusals['b@example.com'] = [550, 'no such user']
    expect(await notifier.deliver(notification(receiver(port, { to })))).toEqual({ result: 'delivered' })
    expect(mails[0]!.to).toEqual(['a@example.com', 'c@example.com'])
    expect(observed).toEqual([{ channel: 'email', result: 'delivered', reason: 'Partial' }])
    expect(log.lines[0]?.fields).toMatchObject({
      reason: 'Partial',
      detail: 'b@example.com: 550 no such user',
    })
  })

  test('all refused: for good is permanent, one refused for now is not', async () => {
    const { port, refusals } = await startMailServer(identity)
    for (const address of to) refusals[address] = [550, 'no such user']
    expect(print(await deliver(receiver(port, { to })))).toMatch(
      /^Smtp5yz permanent: a@example\.com: 550 no such user; b@/,
    )
    refusals['c@example.com'] = [451, 'later']
    expect(print(await deliver(receiver(port, { to })))).toMatch(/^Smtp4yz: /)
  })

  test('get other news in full, although an older mail is still owed to one of them', async () => {
    const { port, mails, refusals } = await startMailServer(identity)
    const { notifier } = setUp()
    refusals['b@example.com'] = [450, 'mailbox is busy']
    await notifier.deliver(notification(receiver(port, { to })))
    delete refusals['b@example.com']
    const alerts = [firing({ target: 'cart' })]
    await notifier.deliver(notification(receiver(port, { to }), { alerts }))
    expect(mails.at(-1)?.to).toEqual(to)
  })

  test('named twice get one mail', async () => {
    const { port, mails } = await startMailServer(identity)
    await deliver(receiver(port, { to: ['a@example.com', 'A <a@example.com>'] }))
    expect(mails[0]!.to).toEqual(['a@example.com'])
  })

  test('with characters that no address may have are refused before they reach the server', async () => {
    const { port, mails } = await startMailServer(identity)
    const delivery = await deliver(receiver(port, { to: ['a@example.com>\r\nRCPT TO:<evil@example.com'] }))
    expect(print(delivery)).toMatch(/^Smtp5yz permanent: this mail cannot be sent through localhost/)
    expect(mails).toEqual([])
  })
})

describe.concurrent('what the server says', () => {
  test.each([
    [
      'MAIL FROM is refused for now',
      { onMailFrom: (_a: unknown, _s: unknown, done: (e?: Error) => void) => done(mailError(451, 'later')) },
      'Smtp4yz: localhost answered 451 later',
    ],
    [
      'MAIL FROM is refused for good',
      {
        onMailFrom: (_a: unknown, _s: unknown, done: (e?: Error) => void) => done(mailError(553, 'not you')),
      },
      'Smtp5yz permanent: localhost answered 553 not you',
    ],
    [
      'the connection is refused',
      { onConnect: (_s: unknown, done: (e?: Error) => void) => done(mailError(554, 'go away')) },
      'Smtp5yz permanent: localhost answered 554 go away',
    ],
    [
      'the mail is refused for now',
      { onData: refuseData(452, 'disk full') },
      'Smtp4yz: localhost answered 452 disk full',
    ],
    [
      'the mail is refused for good',
      { onData: refuseData(554, 'spam') },
      'Smtp5yz permanent: localhost answered 554 spam',
    ],
    [
      'the mail is too large',
      { size: 100 },
      'Smtp5yz permanent: this mail cannot be sent through localhost: check the addresses',
    ],
  ])('%s', async (_name, options, expected) => {
    const { port } = await startMailServer(identity, options)
    expect(print(await deliver(receiver(port)))).toBe(expected)
  })

  test('wrong credentials are rejected for good, and not repeated to anybody', async () => {
    const { port } = await startMailServer(identity)
    const { notifier, log } = setUp({ secrets: secretsOf({ 'shop/smtp/password': 'canary-password' }) })
    const delivery = await notifier.deliver(notification(receiver(port, login)))
    expect(print(delivery)).toBe(
      'AuthRejected permanent: localhost answered 535 bad credentials ops [redacted]',
    )
    expectNowhere(['canary-password'], [JSON.stringify(delivery), JSON.stringify(log.lines)])
  })

  test('a server without login is told as such', async () => {
    const { port, mails } = await startMailServer(identity, { disabledCommands: ['AUTH'] })
    expect(print(await deliver(receiver(port, login)))).toMatch(
      /^AuthRejected permanent: localhost offers no login/,
    )
    expect(mails).toEqual([])
  })
})

describe.concurrent('TLS', () => {
  const plain = { disabledCommands: ['STARTTLS'] }

  test('is required unless the policy says otherwise', async () => {
    const { port, mails } = await startMailServer(identity, plain)
    expect(print(await deliver(receiver(port)))).toMatch(/^Tls: localhost does not offer STARTTLS/)
    expect(mails).toEqual([])
    expect(await deliver(receiver(port, { requireTLS: false }))).toEqual({ result: 'delivered' })
    expect(mails).toMatchObject([{ secure: false }])
  })

  test('is required wherever there is a password, whatever the policy says', async () => {
    const { port, mails } = await startMailServer(identity, { ...plain, allowInsecureAuth: true })
    expect(print(await deliver(receiver(port, { ...login, requireTLS: false })))).toMatch(/^Tls: /)
    expect(mails).toEqual([])
  })

  test('is used where it is offered, also when it is not required', async () => {
    const { port, mails } = await startMailServer(identity)
    await deliver(receiver(port, { requireTLS: false }))
    expect(mails).toMatchObject([{ secure: true }])
  })

  test.each([
    ['self-signed', () => selfSigned({ dns: ['localhost'] }), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [
      'expired',
      () => authority.issue({ dns: ['localhost'], notAfter: new Date(Date.now() - 1_000) }),
      'CERT_HAS_EXPIRED',
    ],
    [
      'for another name',
      () => authority.issue({ dns: ['smtp.example.com'] }),
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
  ])('that is %s gets no mail, required or not', async (_name, issue, code) => {
    const { port, mails } = await startMailServer(await issue())
    for (const requireTLS of [true, false]) {
      const delivery = await deliver(receiver(port, { requireTLS }))
      expect(print(delivery)).toBe(`Tls: no trusted TLS connection to localhost: ${code}`)
    }
    expect(mails).toEqual([])
  })
})

describe.concurrent('a server that does not come to an end', () => {
  test.each([
    ['says nothing', '', false],
    ['greets and says no more', '220 smtp ready\r\n', false],
  ])('and %s is cut at the deadline', async (_name, greeting, mayHaveArrived) => {
    const connected = Promise.withResolvers<void>()
    const { port, server } = await startTcpServer((socket) => {
      socket.write(greeting)
      connected.resolve()
    })
    const { notifier, clock } = setUp()
    const delivery = notifier.deliver(notification(receiver(port)))
    await connected.promise
    await clock.advanceAsync(5_000)
    expect(await delivery).toMatchObject({ reason: 'Timeout', mayHaveArrived })
    await allClosed(server)
  })

  test('and takes the mail but never says so may have it', async () => {
    const taken = Promise.withResolvers<void>()
    const { port, server } = await startMailServer(identity, {
      onData: (stream) => {
        stream.on('end', () => taken.resolve())
        stream.resume()
      },
    })
    const { notifier, clock } = setUp()
    const delivery = notifier.deliver(notification(receiver(port)))
    await taken.promise
    clock.advance(5_000)
    expect(await delivery).toMatchObject({
      reason: 'Timeout',
      message: 'localhost did not answer in time',
      mayHaveArrived: true,
    })
    await allClosed(server)
  })

  test('and breaks off after the mail may have it; before, it has not', async () => {
    const script = (lines: readonly string[]) =>
      startTcpServer((socket) => {
        const rest = [...lines]
        socket.write('220 smtp ready\r\n')
        socket.on('data', (chunk) => {
          const isCommand = /^(EHLO|MAIL|RCPT|DATA)/.test(chunk.toString())
          if (!isCommand && !chunk.toString().endsWith('\r\n.\r\n')) return
          const line = rest.shift()
          if (line === undefined) socket.resetAndDestroy()
          else socket.write(`${line}\r\n`)
        })
      })
    const after = await script(['250 hi', '250 ok', '250 ok', '354 go on'])
    expect(await deliver(receiver(after.port, { requireTLS: false }))).toMatchObject({
      reason: 'Reset',
      mayHaveArrived: true,
    })
    const before = await script(['250 hi', '250 ok'])
    expect(await deliver(receiver(before.port, { requireTLS: false }))).toMatchObject({
      reason: 'Reset',
      mayHaveArrived: false,
    })
    await allClosed(after.server)
    await allClosed(before.server)
  })

  test('and sends a reply without end is cut at 64 KiB', async () => {
    const { port, server } = await startTcpServer((socket) => {
      const pour = () => socket.destroyed || socket.write('220-'.padEnd(1_024, 'x').concat('\r\n'), pour)
      pour()
    })
    expect(print(await deliver(receiver(port)))).toBe(
      'BadResponse: localhost does not answer as a mail server: EPROTOCOL',
    )
    await allClosed(server)
  })

  test('and is no mail server is a bad response', async () => {
    const { port } = await startTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    expect(print(await deliver(receiver(port)))).toMatch(/^(BadResponse|Reset): localhost /)
  })
})

describe.concurrent('a smarthost that may not be used', () => {
  test.each([
    ['not listed', 'smtp.example.com:587', /^smtp\.example\.com:587 is not among the sinks/],
    ['without a port', 'localhost', /^the smarthost is not host:port/],
    ['a URL', 'smtp://localhost:25', /^the smarthost is not host:port/],
    ['the metadata service', '169.254.169.254:80', /is not among the sinks/],
  ])('%s', async (_name, smarthost, expected) => {
    const delivery = await deliver(receiver(0, { smarthost }))
    expect(delivery).toMatchObject({
      reason: 'HostRefused',
      permanent: true,
      message: expect.stringMatching(expected),
    })
  })
})

test.concurrent('a missing password is told before the server is asked', async () => {
  const { port, sessions } = await startMailServer(identity)
  const { notifier } = setUp({ secrets: secretsOf({}) })
  expect(await notifier.deliver(notification(receiver(port, login)))).toMatchObject({
    reason: 'SecretMissing',
    message: expect.stringMatching(/^receiver mail: key password of Secret smtp is missing/),
  })
  expect(sessions()).toBe(0)
})

function refuseData(code: number, text: string) {
  return (stream: NodeJS.ReadableStream, _session: unknown, done: (error: Error) => void) => {
    stream.on('end', () => done(mailError(code, text)))
    stream.resume()
  }
}

function print(delivery: Delivery): string {
  if (delivery.result === 'delivered') return 'delivered'
  const { reason, permanent, message } = delivery
  return `${reason}${permanent ? ' permanent' : ''}: ${message}`
}

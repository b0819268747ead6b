import { expect, test } from 'vitest'
import { type Mail, sendMail } from '../../src/notify/smtp.ts'
import { FakeClock } from '../fakes/clock.ts'
import { Authority } from '../probe/certificates.ts'
import { startMailServer } from './mail-server.ts'
import { allClosed } from './webhook-server.ts'
import { resolverOf, secretsOf } from './world.ts'

const authority = await Authority.create()
const identity = await authority.issue({ dns: ['localhost'] })

function world() {
  return {
    secrets: secretsOf({}),
    sinks: { allowed: ['localhost'] },
    resolver: resolverOf({ localhost: ['127.0.0.1'] }),
    clock: new FakeClock(),
    connectMs: 3_000,
    certificateAuthorities: [authority.certificate],
  }
}

function mail(port: number, fields: Partial<Mail> = {}): Mail {
  return {
    sink: { host: 'localhost', port },
    implicitTLS: false,
    requireTLS: true,
    from: 'a@example.com',
    recipients: ['b@example.com'],
    content: Buffer.from('Subject: x\r\n\r\nhello\r\n.\r\nstill here\r\n'),
    ...fields,
  }
}

const forever = new AbortController().signal

test.concurrent('speaks TLS from the first byte where asked to', async () => {
  const { port, mails } = await startMailServer(identity, { secure: true })
  const login = { username: 'ops', password: 'the password' }
  expect(await sendMail(world(), mail(port, { implicitTLS: true, login }), forever)).toEqual([])
  expect(mails).toMatchObject([{ secure: true, user: 'ops' }])
})

test.concurrent('a line with a single dot does not end the mail', async () => {
  const { port, mails } = await startMailServer(identity)
  await sendMail(world(), mail(port), forever)
  expect(mails).toHaveLength(1)
  expect(mails[0]!.source).toContain('\r\n.\r\nstill here')
})

test.concurrent('says good-bye, so that the server need not wonder', async () => {
  const closed = Promise.withResolvers<void>()
  const { port } = await startMailServer(identity, { onClose: () => closed.resolve() })
  await sendMail(world(), mail(port), forever)
  await closed.promise
})

test.concurrent('gives up at once when it is too late already', async () => {
  const { port, server, sessions } = await startMailServer(identity)
  await expect(sendMail(world(), mail(port), AbortSignal.abort())).rejects.toMatchObject({
    reason: 'Timeout',
  })
  expect(sessions()).toBe(0)
  await allClosed(server)
})

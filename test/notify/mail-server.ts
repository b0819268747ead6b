// A real SMTP server on loopback that keeps the mails it took and refuses whom it is told to refuse. It greets only after 100 ms, to find
// out who talks too early; tests that use it should run concurrently.
import type { AddressInfo, Server } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterAll } from 'vitest'
import type { ServerIdentity } from '../probe/certificates.ts'

type TakenMail = {
  readonly from: string
  readonly to: readonly string[]
  readonly source: string
  readonly user?: string
  readonly secure: boolean
}

export type MailServer = {
  readonly port: number
  readonly server: Server
  readonly mails: TakenMail[]
  /** Replies to recipients instead of taking them, e.g. `{ 'a@b.c': [450, 'later'] }`. */
  readonly refusals: Record<string, readonly [number, string]>
  readonly sessions: () => number // How many were opened.
}

const opened: SMTPServer[] = []

afterAll(async () => {
  await Promise.all(opened.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))))
})

export function mailError(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode })
}

export async function startMailServer(
  identity: ServerIdentity,
  options: SMTPServerOptions = {},
): Promise<MailServer> {
  const mails: TakenMail[] = []
  const refusals: MailServer['refusals'] = {}
  let sessions = 0
  const server = new SMTPServer({
    key: identity.key,
    cert: identity.certificate,
    authOptional: true,
    disableReverseLookup: true,
    onConnect(_session, done) {
      sessions += 1
      done()
    },
    onAuth({ username, password }, _session, done) {
      if (username === 'ops' && password === 'the password') done(null, { user: username })
      else done(mailError(535, `bad credentials ${username} ${password}`))
    },
    onRcptTo({ address }, _session, done) {
      const refusal = refusals[address]
      done(refusal === undefined ? null : mailError(...refusal))
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          source: Buffer.concat(chunks).toString(),
          ...(typeof session.user === 'string' && { user: session.user }),
          secure: session.secure,
        })
        done()
      })
    },
    ...options,
  })
  server.on('error', () => {}) // Clients that break off are what is tested.
  opened.push(server)
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.server.address() as AddressInfo).port))
  })
  return { port, server: server.server, mails, refusals, sessions: () => sessions }
}

// A mail server that takes mail for one address and keeps it.
import { text } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'

export type Mail = { readonly from: string; readonly to: readonly string[]; readonly source: string }

export class MailSink {
  /** `host:port`, as a policy names it. */
  readonly smarthost: string
  readonly mails: readonly Mail[]
  readonly #server: SMTPServer

  private constructor(server: SMTPServer, smarthost: string, mails: readonly Mail[]) {
    this.#server = server
    this.smarthost = smarthost
    this.mails = mails
  }

  /** Without TLS and without login: there is no field yet by which a policy could bring an authority to trust. */
  static async start({ to, host = '127.0.0.1' }: { to: string; host?: string }): Promise<MailSink> {
    const mails: Mail[] = []
    const server = new SMTPServer({
      hideSTARTTLS: true,
      disabledCommands: ['AUTH'],
      disableReverseLookup: true,
      onRcptTo: ({ address }, _session, done) =>
        done(address === to ? null : new Error(`no mailbox is called ${address}`)),
      onData: (stream, { envelope: { mailFrom, rcptTo } }, done) => {
        text(stream).then((source) => {
          const from = mailFrom === false ? '' : mailFrom.address
          mails.push({ from, to: rcptTo.map(({ address }) => address), source })
          done()
        }, done)
      },
    })
    const listening = server.listen(0, host)
    await new Promise<void>((resolve, reject) => listening.once('listening', resolve).once('error', reject))
    const address = listening.address()
    const port = typeof address === 'object' ? address?.port : undefined
    return new MailSink(server, `${host}:${port}`, mails)
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}

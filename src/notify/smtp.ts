// One mail over one SMTP session: connection, TLS before anything confidential, login, envelope, data. Who was refused is the result;
// everything else that goes wrong is a SinkFailure. What a mail says is not decided here.
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { SinkAddress } from '../domain/sink-policy.ts'
import type { SenderWorld } from './ports.ts'
import { remoteText } from './remote-text.ts'
import { codeOf, openConnection, tlsFailure, tlsOptions } from './sink-connection.ts'
import { SinkFailure } from './sink-failure.ts'

export type Mail = {
  readonly sink: SinkAddress
  readonly implicitTLS: boolean // TLS from the first byte, instead of STARTTLS.
  readonly requireTLS: boolean
  readonly login?: { readonly username: string; readonly password: string }
  readonly from: string
  readonly recipients: readonly string[]
  readonly content: Buffer
}

/** A recipient that the server did not take, with its reply. */
export type Refusal = { readonly recipient: string; readonly permanent: boolean; readonly reply: string }

const replyBytesMax = 64 * 1024
const closeMs = 1_000 // For the server to answer QUIT; then the socket is destroyed.

/** Resolves with the refused recipients, none refused: delivered to all. */
export async function sendMail(
  world: SenderWorld,
  mail: Mail,
  signal: AbortSignal,
): Promise<readonly Refusal[]> {
  const socket = await openConnection(world, mail.sink, signal)
  const session = new Session(world, mail, socket)
  try {
    return await session.run(signal)
  } finally {
    session.close()
  }
}

/** What nodemailer's errors carry. */
type SmtpError = Error & {
  code?: string
  originalCode?: string
  command?: string
  response?: string
  responseCode?: number
  rejectedErrors?: readonly (SmtpError & { recipient?: string })[]
}

class Session {
  readonly #mail: Mail
  readonly #connection: SMTPConnection
  #hasLeft = false // Whether the server may have the whole message.

  constructor(world: SenderWorld, mail: Mail, socket: Socket) {
    const { host, port } = mail.sink
    this.#mail = mail
    this.#connection = new SMTPConnection({
      connection: socket,
      host,
      port,
      secure: mail.implicitTLS,
      requireTLS: mail.requireTLS,
      tls: tlsOptions(host, world.certificateAuthorities),
      maxResponseSize: replyBytesMax,
      socketCloseTimeout: closeMs,
    })
  }

  async run(signal: AbortSignal): Promise<readonly Refusal[]> {
    try {
      return await Promise.race([this.#talk(), brokenBy(this.#connection), abortedBy(signal)])
    } catch (error) {
      throw this.#failureOf(error as SmtpError, signal)
    }
  }

  close(): void {
    this.#connection.close()
  }

  async #talk(): Promise<readonly Refusal[]> {
    const connection = this.#connection
    await called((done) => connection.connect(done))
    if (this.#mail.login !== undefined) await this.#logIn(this.#mail.login)
    try {
      const sent = await this.#send()
      connection.quit()
      return this.#refusals(sent.rejectedErrors ?? [])
    } catch (error) {
      const refused = (error as SmtpError).rejectedErrors ?? []
      if (refused.length === 0) throw error
      return this.#refusals(refused)
    }
  }

  async #logIn({ username, password }: { username: string; password: string }): Promise<void> {
    if (!this.#connection.allowsAuth) {
      throw new SinkFailure(
        'AuthRejected',
        `${this.#mail.sink.host} offers no login; remove username or use another port`,
      )
    }
    await called((done) => this.#connection.login({ credentials: { user: username, pass: password } }, done))
  }

  #send(): Promise<{ rejectedErrors?: SmtpError['rejectedErrors'] }> {
    const { from, recipients, content } = this.#mail
    const envelope = { from, to: [...recipients], size: content.length }
    return new Promise((resolve, reject) => {
      this.#connection.send(envelope, this.#stream(content), (error, sent) => {
        if (error) reject(error)
        else resolve(sent as { rejectedErrors?: SmtpError['rejectedErrors'] })
      })
    })
  }

  /** Read only after the server's 354, so that reading tells that the message is leaving. */
  #stream(content: Buffer): Readable {
    const markLeft = () => {
      this.#hasLeft = true
    }
    return Readable.from(
      (function* () {
        markLeft()
        yield content
      })(),
    )
  }

  #refusals(errors: NonNullable<SmtpError['rejectedErrors']>): readonly Refusal[] {
    return errors.map((error) => ({
      recipient: error.recipient ?? '',
      permanent: (error.responseCode ?? 0) >= 500,
      reply: this.#clean(error.response ?? ''),
    }))
  }

  #failureOf(error: SmtpError, signal: AbortSignal): SinkFailure {
    if (error instanceof SinkFailure) return error
    const { host } = this.#mail.sink
    const details = { mayHaveArrived: this.#hasLeft && error.responseCode === undefined, cause: error }
    if (signal.aborted || error.code === 'ETIMEDOUT') {
      return new SinkFailure('Timeout', `${host} did not answer in time`, details)
    }
    if (isAboutTls(error)) return this.#tlsFailure(error)
    if (error.responseCode !== undefined) return this.#refusal(error, error.responseCode)
    if (error.code === 'EENVELOPE' || error.code === 'EMESSAGE') {
      return new SinkFailure(
        'Smtp5yz',
        `this mail cannot be sent through ${host}: check the addresses`,
        details,
      )
    }
    if (error.code === 'ECONNECTION' || error.code === 'ESOCKET') {
      const code = error.originalCode ?? codeOf(undefined)
      return new SinkFailure('Reset', `${host} broke the connection: ${code}`, details)
    }
    return new SinkFailure(
      'BadResponse',
      `${host} does not answer as a mail server: ${codeOf(error)}`,
      details,
    )
  }

  #tlsFailure(error: SmtpError): SinkFailure {
    const { host } = this.#mail.sink
    if (error.command === 'STARTTLS' || error.command === 'EHLO') {
      const reply = this.#clean(error.response ?? '')
      const message = `${host} does not offer STARTTLS (${reply}); use another port, or requireTLS: false without a username`
      return new SinkFailure('Tls', message, { cause: error })
    }
    return tlsFailure(host, Object.assign(new Error('TLS'), { code: error.originalCode ?? error.code }))
  }

  #refusal(error: SmtpError, code: number): SinkFailure {
    const message = `${this.#mail.sink.host} answered ${this.#clean(error.response ?? String(code))}`
    if (error.code === 'EAUTH' && code >= 500)
      return new SinkFailure('AuthRejected', message, { cause: error })
    return new SinkFailure(code >= 500 ? 'Smtp5yz' : 'Smtp4yz', message, { cause: error })
  }

  #clean(reply: string): string {
    const { username, password } = this.#mail.login ?? { username: '', password: '' }
    const onTheWire = [`\0${username}\0${password}`, password].map((text) =>
      Buffer.from(text).toString('base64'),
    )
    return remoteText(reply, password === '' ? [] : [password, ...onTheWire])
  }
}

/** Whether the session broke over TLS: refused, impossible, or a certificate that is not trusted. */
function isAboutTls(error: SmtpError): boolean {
  if (error.code === 'ETLS') return true
  if (error.code === 'ECONNECTION') return error.command === 'EHLO' && error.response !== undefined
  const isSystemError = /^E[A-Z]+$/.test(error.originalCode ?? 'E')
  return error.code === 'ESOCKET' && !isSystemError
}

function called(call: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error ? reject(error) : resolve()))
  })
}

/** The session's own errors, which come outside any call. The listener stays: a late error must not be an uncaught exception. */
function brokenBy(connection: SMTPConnection): Promise<never> {
  return new Promise((_resolve, reject) => {
    connection.on('error', reject)
    connection.once('end', () =>
      reject(Object.assign(new Error('connection closed'), { code: 'ECONNECTION' })),
    )
  })
}

function abortedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const give = () => reject(new Error('aborted'))
    if (signal.aborted) give()
    signal.addEventListener('abort', give, { once: true })
  })
}

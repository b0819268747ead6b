// Channel `email`: one mail per attempt over SMTP. Success is the server's 2yz after the end of the data, and is judged per recipient:
// who has a message is not sent it again when another recipient was refused for now.
import MailComposer from 'nodemailer/lib/mail-composer'
import { parseSinkAddress, type SinkAddress } from '../../domain/sink-policy.ts'
import type { Notification } from '../../evaluate/ports.ts'
import { deliveryKey, groupDigest } from '../delivery-key.ts'
import { mailText } from '../messages/mail-text.ts'
import { languages } from '../messages/words.ts'
import type { Attempt, Sender, SenderWorld } from '../ports.ts'
import { requireSecret } from '../required-secret.ts'
import { SinkFailure } from '../sink-failure.ts'
import { type Refusal, sendMail } from '../smtp.ts'

type Settings = Parameters<Sender<'email'>['send']>[0]['settings']

/** RFC 8314: the port on which TLS comes before SMTP. */
const submissionsPort = 465

/** Keys of messages that some of their recipients already have; the oldest is forgotten when there are more. */
const partlySentMax = 1_000

export function createEmailSender(world: SenderWorld): Sender<'email'> {
  const accepted = new Map<string, ReadonlySet<string>>() // By delivery key: who has it.
  return {
    async send({ settings, notification }, signal) {
      const key = messageKey(notification)
      const done = accepted.get(key) ?? new Set<string>()
      const recipients = [...new Set(settings.to.map(bareAddress))].filter((address) => !done.has(address))
      if (recipients.length === 0) return { result: 'delivered', reason: 'Ok' } // The one that lacked it left the list.
      const refusals = await sendMail(
        world,
        {
          ...serverOf(world, settings, notification),
          ...(await compose(settings, notification, key, world)),
          recipients,
        },
        signal,
      )
      const refused = new Set(refusals.map(({ recipient }) => recipient))
      const has = new Set([...done, ...recipients.filter((recipient) => !refused.has(recipient))])
      const attempt = judge(refusals, has.size)
      accepted.delete(key)
      if (attempt.result === 'failed' && has.size > 0) remember(accepted, key, has)
      return attempt
    },
  }
}

/** A wanted reminder is another message than the one before it; a repeat of a broken attempt is the same. */
function messageKey(notification: Notification): string {
  const key = deliveryKey(notification)
  return notification.repeat === 0 ? key : `${key}.${notification.repeat}`
}

/** Recipients that were refused for now make the attempt fail, so that it is made again, for them alone. */
function judge(refusals: readonly Refusal[], acceptedCount: number): Attempt {
  const [first] = refusals
  if (first === undefined) return { result: 'delivered', reason: 'Ok' }
  const message = refusals.map(({ recipient, reply }) => `${recipient}: ${reply}`).join('; ')
  const isTransient = refusals.some(({ permanent }) => !permanent)
  if (isTransient) return new SinkFailure('Smtp4yz', message).toAttempt()
  if (acceptedCount > 0) return { result: 'delivered', reason: 'Partial', message }
  return new SinkFailure('Smtp5yz', message).toAttempt()
}

function remember(accepted: Map<string, ReadonlySet<string>>, key: string, has: ReadonlySet<string>): void {
  accepted.set(key, has)
  for (const oldest of accepted.keys()) {
    if (accepted.size <= partlySentMax) return
    accepted.delete(oldest)
  }
}

function serverOf(world: SenderWorld, settings: Settings, notification: Notification) {
  const { smarthost, username, passwordFrom, requireTLS = true } = settings
  const read = requireSecret(world.secrets, notification)
  const password = passwordFrom === undefined ? undefined : read(passwordFrom, 'password')
  const sink = smarthostOf(smarthost)
  return {
    sink,
    implicitTLS: sink.port === submissionsPort,
    // Credentials never travel in the clear, whatever requireTLS says.
    requireTLS: requireTLS || username !== undefined,
    ...(username !== undefined && { login: { username, password: password?.reveal() ?? '' } }),
  }
}

function smarthostOf(text: string): SinkAddress {
  const sink = parseSinkAddress(text)
  if (sink !== undefined && sink.port > 0) return sink
  throw new SinkFailure('HostRefused', 'the smarthost is not host:port, such as smtp.example.com:587')
}

async function compose(settings: Settings, notification: Notification, key: string, world: SenderWorld) {
  const { clock } = world
  const { subject, text, html } = mailText(notification, clock.now(), languages.en)
  const from = bareAddress(settings.from)
  const domain = from.slice(from.lastIndexOf('@') + 1)
  const composer = new MailComposer({
    from: settings.from,
    to: settings.to,
    subject,
    text,
    html,
    date: new Date(clock.now()),
    messageId: `<${key}@${domain}>`,
    references: `<${groupDigest(notification)}.group@${domain}>`, // One thread a group.
    headers: { 'Auto-Submitted': 'auto-generated' }, // RFC 3834: no out-of-office answers.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return { from, content: await composer.compile().build() }
}

/** `a@b.c` of `A <a@b.c>`. */
function bareAddress(text: string): string {
  return /<([^<>]*)>\s*$/.exec(text)?.[1]?.trim() ?? text.trim()
}

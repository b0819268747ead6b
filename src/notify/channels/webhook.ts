// Channel `webhook`: one POST of an Alertmanager webhook v4 body; any 2xx is success. A connection serves one attempt, so no idle socket
// outlives a rotated credential and a broken one is never taken for the sink's refusal.
import { Client, errors } from 'undici'
import { mayBePlain, type SinkAddress, sinkAddress } from '../../domain/sink-policy.ts'
import { webhookBody } from '../messages/webhook-body.ts'
import type { Attempt, Sender, SenderWorld } from '../ports.ts'
import { remoteText } from '../remote-text.ts'
import { requireSecret } from '../required-secret.ts'
import { codeOf, openConnection, printSink, secure, tlsOptions } from '../sink-connection.ts'
import { SinkFailure } from '../sink-failure.ts'

const replyBytesMax = 64 * 1024
const pauseMaxMs = 600_000

export function createWebhookSender(world: SenderWorld): Sender<'webhook'> {
  return {
    async send({ settings, notification }, signal) {
      const read = requireSecret(world.secrets, notification)
      const target = sinkOf(world, read(settings.urlFrom, 'token').reveal())
      const bearer = settings.bearerFrom === undefined ? undefined : read(settings.bearerFrom, 'token')
      const request = { ...target, bearer: bearer?.reveal(), body: webhookBody(notification) }
      return judge(request, await post(world, request, signal))
    },
  }
}

type Target = { readonly url: URL; readonly sink: SinkAddress }
type PostRequest = Target & { readonly bearer: string | undefined; readonly body: string }
type Reply = { readonly status: number; readonly retryAfter: string; readonly excerpt: string }

/** Reads the receiver's URL. No message quotes it: the path of a webhook is often its only credential. */
function sinkOf(world: SenderWorld, text: string): Target {
  const url = URL.parse(text)
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:'
  if (url === null || !isHttp || url.username !== '' || url.password !== '') {
    throw new SinkFailure(
      'HostRefused',
      'the URL in the Secret is not an https URL without user name and password',
    )
  }
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
  const sink = sinkAddress(url.hostname, port)
  if (sink === undefined) throw new SinkFailure('HostRefused', 'the URL in the Secret names no host')
  if (url.protocol === 'http:' && !mayBePlain(world.sinks, sink)) {
    const name = printSink(sink)
    throw new SinkFailure(
      'HostRefused',
      `plain http to ${name} is refused; use https, or list a sink on this very machine by --allow-sink ${name}`,
    )
  }
  return { url, sink }
}

async function post(world: SenderWorld, request: PostRequest, signal: AbortSignal): Promise<Reply> {
  let hasLeft = false // Whether the sink may have seen the message.
  const client = new Client(request.url.origin, {
    connect: (_options, callback) => {
      connectTo(world, request, signal).then(
        (socket) => {
          hasLeft = true
          callback(null, socket)
        },
        (error) => callback(error, null),
      )
    },
    pipelining: 1,
    maxHeaderSize: 16_384,
    headersTimeout: 0, // The attempt's own deadline is the only one.
    bodyTimeout: 0,
  })
  try {
    return await exchange(client, request, signal)
  } catch (error) {
    throw failureOf(error, { host: request.sink.host, hasLeft, isLate: signal.aborted })
  } finally {
    await client.destroy()
  }
}

async function connectTo(world: SenderWorld, { url, sink }: Target, signal: AbortSignal) {
  const socket = await openConnection(world, sink, signal)
  if (url.protocol === 'http:') return socket
  const options = tlsOptions(sink.host, world.certificateAuthorities)
  return secure(socket, { ...options, host: sink.host, ALPNProtocols: ['http/1.1'] }, signal)
}

async function exchange(client: Client, request: PostRequest, signal: AbortSignal): Promise<Reply> {
  const { statusCode, headers, body } = await client.request({
    method: 'POST',
    path: request.url.pathname + request.url.search,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'roundsman',
      ...(request.bearer !== undefined && { authorization: `Bearer ${request.bearer}` }),
    },
    body: request.body,
    signal,
  })
  const excerpt = await readStart(body)
  return { status: statusCode, retryAfter: String(headers['retry-after'] ?? ''), excerpt }
}

/** What came of the reply's body until its end, the byte limit or the attempt's deadline: the status has answered, a body that breaks off changes nothing. */
async function readStart(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of body) {
      bytes += chunk.length
      if (bytes > replyBytesMax) break
      chunks.push(chunk)
    }
  } catch {
    // Broken off.
  }
  return Buffer.concat(chunks).toString('utf8')
}

function judge(request: PostRequest, reply: Reply): Attempt {
  const { status } = reply
  if (status >= 200 && status < 300) return { result: 'delivered', reason: 'Ok' }
  const remote = remoteText(reply.excerpt, confidentialOf(request))
  const message = `${request.sink.host} answered ${status}${remote === '' ? '' : `: ${remote}`}`
  return failureFor(status, message, reply.retryAfter).toAttempt()
}

function failureFor(status: number, message: string, retryAfter: string): SinkFailure {
  if (status === 408 || status === 425 || status === 429) {
    return new SinkFailure('RateLimited', message, pauseOf(retryAfter))
  }
  if (status >= 500) return new SinkFailure('Http5xx', message, pauseOf(retryAfter))
  if (status === 401 || status === 403) return new SinkFailure('AuthRejected', message)
  if (status >= 400) return new SinkFailure('Http4xx', message)
  if (status >= 300) return new SinkFailure('RedirectRefused', message)
  return new SinkFailure('BadResponse', message)
}

/** `Retry-After` in seconds, capped; its date form is not read, as it would need the sink's clock. */
function pauseOf(retryAfter: string): { readonly retryAfterMs?: number } {
  return /^\d{1,9}$/.test(retryAfter)
    ? { retryAfterMs: Math.min(pauseMaxMs, Number(retryAfter) * 1_000) }
    : {}
}

/** What a sink might echo: the bearer, and every part of the URL that may be a token. */
function confidentialOf({ url, bearer }: PostRequest): readonly string[] {
  const parts = [...url.pathname.split('/'), ...url.searchParams.values()].filter((part) => part.length >= 8)
  const spellings = [url.href, url.pathname + url.search, url.search, ...parts].flatMap((part) => [
    part,
    decoded(part),
  ])
  return [...spellings.filter((part) => part !== '/'), ...(bearer === undefined ? [] : [bearer])]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function failureOf(
  error: unknown,
  state: { readonly host: string; readonly hasLeft: boolean; readonly isLate: boolean },
): SinkFailure {
  if (error instanceof SinkFailure) return error
  const { host, hasLeft: mayHaveArrived, isLate } = state
  const details = { mayHaveArrived, cause: error }
  if (isLate) return new SinkFailure('Timeout', `${host} did not answer in time`, details)
  if (error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError) {
    return new SinkFailure('BadResponse', `the answer of ${host} is not valid HTTP`, details)
  }
  return new SinkFailure(
    'Reset',
    `${host} broke the connection before it answered: ${codeOf(error)}`,
    details,
  )
}

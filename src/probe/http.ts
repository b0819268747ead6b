// One HTTP request, redirects followed, judged by status, body and latency. Connections and phases are dial.ts's and the exchange's.
import { compileExpectation, type Expectation } from '../domain/expectation.ts'
import { endpointText } from '../domain/host.ts'
import type { HttpFacts } from '../domain/outcome.ts'
import type { Dial, HttpProbe } from '../domain/probe-entry.ts'
import type { Connection } from './connection.ts'
import { withConnection } from './dial.ts'
import { type Answer, bodyReaderOf, readBody, request } from './http-exchange.ts'
import { dialFor, redirectOf, redirectsMax } from './http-redirect.ts'
import { secondsText } from './message.ts'
import type { AttemptRun, Finding, Prepared, Prober } from './prober.ts'
import { Trouble } from './trouble.ts'

/** Decoded. Every byte over it is refused, the length is reported as the cap. */
const bodyBytesMax = 1024 * 1024

export const http: Prober<HttpProbe> = {
  type: 'http',
  prepare(spec): Prepared {
    const url = readTargetUrl(spec.url)
    if (url === undefined) return { ok: false, message: 'expected a URL with scheme http or https' }
    const compiled = compileExpectation(spec.expect)
    if (!compiled.ok) return { ok: false, message: compiled.message }
    const { expectation } = compiled
    const latencyMax = spec.expect.latencyBelowMs
    return {
      ok: true,
      attempt: async (run) => {
        const body = await fetchFollowing(run, { url, dial: spec.dial })
        run.timer.end()
        return judge(run, { body, expectation, latencyMax })
      },
    }
  },
}

/** A scheme in any case; a missing one is http. */
export function readTargetUrl(text: string): URL | undefined {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text)
  const url = URL.parse(hasScheme ? text : `http://${text}`)
  return url !== null && /^https?:$/.test(url.protocol) ? url : undefined
}

type Hop = { readonly url: URL; readonly dial: Dial }

/** The body of the final answer. */
async function fetchFollowing(run: AttemptRun, first: Hop): Promise<Buffer> {
  let hop = first
  for (let redirects = 0; ; redirects += 1) {
    const answer = await fetchHop(run, hop, redirects)
    if (Buffer.isBuffer(answer)) return answer
    if (redirects === redirectsMax) {
      run.notes.http = { ...(run.notes.http ?? unanswered), redirects: redirects + 1 }
      throw new Trouble('HttpRedirect', `expected at most ${redirectsMax} redirects, got more`)
    }
    hop = { url: answer, dial: dialFor(answer, first) }
  }
}

// The body of a final answer, or where a redirect leads; its body is of no interest.
async function fetchHop(run: AttemptRun, { url, dial }: Hop, redirects: number): Promise<Buffer | URL> {
  const denial = redirects === 0 ? 'PolicyDenied' : 'HttpRedirectDenied'
  run.notes.http = { ...unanswered, redirects } // What the last hop showed is no longer of interest.
  delete run.notes.tls
  return await withConnection(run, { dial, denial }, async (connection) => {
    const isTls = url.protocol === 'https:'
    if (isTls) await secure(run, connection, url)
    const answer = await request(connection, { head: requestHead(url), timer: run.timer })
    run.notes.http = { ...unanswered, redirects, ...answerFacts(answer), ssl: isTls }
    return redirectOf(answer, url) ?? (await bodyOf(run, connection, answer))
  })
}

// The handshake is judged before the request is written: an untrusted peer gets no byte of it.
async function secure(run: AttemptRun, connection: Connection, url: URL): Promise<void> {
  const { handshakes, tlsContext, certificates, checks } = run.around
  if (handshakes.isExhausted) run.timer.enter('waiting')
  const giveBack = await handshakes.take(run.signal)
  try {
    run.timer.enter('tls')
    const host = checks.hostOf(url.hostname)
    const name = host?.kind === 'ip' ? host.ip : url.hostname.replace(/\.$/, '')
    const handshake = await connection.secured({
      context: tlsContext,
      ...(host?.kind === 'name' ? { serverName: name } : {}),
    })
    const { protocol: version, cipher } = handshake
    run.notes.tls = { version, cipher, ...certificates.factsOf(handshake) }
    const fault = certificates.faultOf(handshake, name)
    if (fault !== undefined) throw new Trouble(fault.reason, fault.message)
  } finally {
    giveBack()
  }
}

async function bodyOf(run: AttemptRun, connection: Connection, answer: Answer): Promise<Buffer> {
  const reader = bodyReaderOf(answer, bodyBytesMax)
  try {
    await readBody(connection, reader, answer.rest)
    return reader.body()
  } finally {
    run.notes.http = { ...(run.notes.http ?? unanswered), uncompressedBodyLength: reader.length }
  }
}

// Made anew for each hop. Whatever will be secret (credentials, cookies, headers from Secrets) belongs to the first host alone and must
// be left out here when host name or non-default port change, or on the way from https to http.
function requestHead(url: URL): string {
  return (
    `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n` +
    'User-Agent: roundsman\r\nAccept: */*\r\nConnection: close\r\n\r\n'
  )
}

const unanswered: HttpFacts = { statusCode: 0, version: 0, redirects: 0, ssl: false, failedDueToRegex: false }

function answerFacts({ status, version, headers, contentLength }: Answer): Partial<HttpFacts> {
  const lastModified = Date.parse(headers.get('last-modified')?.[0] ?? '') / 1000
  return {
    statusCode: status,
    version,
    contentLength,
    ...(Number.isFinite(lastModified) ? { lastModified } : {}),
  }
}

type Judged = {
  readonly body: Buffer
  readonly expectation: Expectation
  readonly latencyMax: number | undefined
}

// All assertions are evaluated, the first that fails is told: status, body, latency.
function judge(run: AttemptRun, { body, expectation, latencyMax }: Judged): Finding {
  const { notes, timer } = run
  const http = notes.http ?? unanswered
  const from =
    notes.address === undefined ? '' : ` from ${endpointText(notes.address.ip, notes.address.port)}`
  const found = expectation.judgeBody(body)
  notes.http = { ...http, failedDueToRegex: found.kind === 'broken' && found.byPattern }
  if (!expectation.isAcceptedStatus(http.statusCode)) {
    return {
      kind: 'failed',
      reason: 'HttpStatus',
      message: `expected ${expectation.statusText}, got ${http.statusCode}${from}`,
    }
  }
  switch (found.kind) {
    case 'broken':
      return { kind: 'failed', reason: 'AssertionBody', message: `${found.message}, got another${from}` }
    case 'too-large':
      return { kind: 'failed', reason: 'HttpBodyTooLarge', message: found.message }
    case 'holds':
      break
  }
  const elapsedSeconds = timer.elapsedSeconds()
  if (latencyMax !== undefined && elapsedSeconds * 1000 >= latencyMax) {
    return {
      kind: 'failed',
      reason: 'AssertionLatency',
      message: `expected an answer in less than ${secondsText(latencyMax / 1000)}, got one${from}`,
    }
  }
  return { kind: 'ok', message: `got ${http.statusCode}${from}` }
}

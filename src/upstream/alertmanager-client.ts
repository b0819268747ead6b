// Calls to the HTTP API v2 of one Alertmanager replica. Every call has a deadline and a byte limit; a status other than 2xx, and a body
// that is not what the API promises, are failures. Knows no retry: a POST of a silence is not idempotent.
import { Agent, type Dispatcher } from 'undici'
import type { Clock } from '../domain/clock.ts'
import type { RemoteSilence, SilencePost } from '../domain/remote-silence.ts'
import { readSilence } from './silence-json.ts'

export type AlertmanagerAnswer<Value> =
  | { readonly kind: 'ok'; readonly value: Value }
  /** It answered, but not with what was asked for. Status 200: the body is not what the API promises. */
  | { readonly kind: 'refused'; readonly status: number; readonly message: string }
  /** No whole answer in time: a write may or may not have been taken. */
  | { readonly kind: 'unreachable'; readonly message: string }

export type AlertmanagerClientOptions = {
  readonly clock: Clock
  readonly deadlineMs?: number
  readonly bytesMax?: number
}

export class AlertmanagerClient {
  readonly #clock: Clock
  readonly #deadlineMs: number
  readonly #bytesMax: number
  // The deadline of a call covers every phase; HTTP/2 would put all calls on one connection.
  readonly #agent = new Agent({ connections: 4, allowH2: false, headersTimeout: 0, bodyTimeout: 0 })

  constructor({ clock, deadlineMs = 5_000, bytesMax = 32 * 1024 * 1024 }: AlertmanagerClientOptions) {
    this.#clock = clock
    this.#deadlineMs = deadlineMs
    this.#bytesMax = bytesMax
  }

  /** All silences, those that ended within Alertmanager's retention included. One that is not readable voids the list. */
  async listSilences(baseUrl: string): Promise<AlertmanagerAnswer<readonly RemoteSilence[]>> {
    const answer = await this.#call(baseUrl, { method: 'GET', path: '/api/v2/silences' })
    return parsed(answer, (body) => (Array.isArray(body) ? allOrNone(body.map(readSilence)) : undefined))
  }

  /** For example `0.34.2`. */
  async version(baseUrl: string): Promise<AlertmanagerAnswer<string>> {
    const answer = await this.#call(baseUrl, { method: 'GET', path: '/api/v2/status' })
    return parsed(answer, (body) => textAt(memberOf(body, 'versionInfo'), 'version'))
  }

  /** The id under which the silence now stands: another one than that of the body where Alertmanager exchanged it. */
  async postSilence(baseUrl: string, silence: SilencePost): Promise<AlertmanagerAnswer<string>> {
    const body = JSON.stringify(silence)
    const answer = await this.#call(baseUrl, { method: 'POST', path: '/api/v2/silences', body })
    return parsed(answer, (reply) => textAt(reply, 'silenceID'))
  }

  async expireSilence(baseUrl: string, silenceID: string): Promise<AlertmanagerAnswer<undefined>> {
    const path = `/api/v2/silence/${encodeURIComponent(silenceID)}`
    const answer = await this.#call(baseUrl, { method: 'DELETE', path })
    return answer.kind === 'ok' ? { kind: 'ok', value: undefined } : answer
  }

  /** Ends every open call and its connection. */
  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async #call(baseUrl: string, call: Call): Promise<AlertmanagerAnswer<string>> {
    const ending = new AbortController()
    const disarm = this.#clock.after(this.#deadlineMs, () => ending.abort(new DeadlineError()))
    try {
      const response = await this.#agent.request({
        origin: new URL(baseUrl).origin,
        path: `${new URL(baseUrl).pathname.replace(/\/+$/, '')}${call.path}`,
        method: call.method,
        headers: { accept: 'application/json', ...(call.body && { 'content-type': 'application/json' }) },
        body: call.body ?? null,
        signal: ending.signal,
      })
      const text = await readText(response.body, this.#bytesMax)
      return answerOf(response.statusCode, text)
    } catch (error) {
      return { kind: 'unreachable', message: this.#unreachable(error) }
    } finally {
      disarm()
    }
  }

  /** By code alone: messages of the library hold addresses and change with it. */
  #unreachable(error: unknown): string {
    if (error instanceof DeadlineError) return `no answer within ${this.#deadlineMs / 1000}s`
    const code = (error as { readonly code?: unknown } | undefined)?.code
    return `the connection failed (${typeof code === 'string' ? code : 'unknown cause'})`
  }
}

class DeadlineError extends Error {}

type Call = {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: string
}

/** Undefined when there is more; leaving the loop gives the connection up. */
async function readText(
  body: Dispatcher.ResponseData['body'],
  bytesMax: number,
): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > bytesMax) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function answerOf(status: number, text: string | undefined): AlertmanagerAnswer<string> {
  if (status < 200 || status > 299) {
    return { kind: 'refused', status, message: `HTTP ${status}${saidBy(text ?? '')}` }
  }
  if (text === undefined) return { kind: 'refused', status, message: 'the answer is over the byte limit' }
  return { kind: 'ok', value: text }
}

/** What the body of an error says, in one line: a JSON string, `{message}`, or nothing that is fit to be shown. */
function saidBy(text: string): string {
  const body = jsonOf(text)
  const said = typeof body === 'string' ? body : textAt(body, 'message')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they come from outside and must not reach a log or a terminal.
  return said === undefined ? '' : `: ${said.replace(/[\u0000-\u001f\u007f]+/g, ' ').slice(0, 300)}`
}

function parsed<Value>(
  answer: AlertmanagerAnswer<string>,
  read: (body: unknown) => Value | undefined,
): AlertmanagerAnswer<Value> {
  if (answer.kind !== 'ok') return answer
  const value = read(jsonOf(answer.value))
  if (value !== undefined) return { kind: 'ok', value }
  return { kind: 'refused', status: 200, message: "the answer is not one of Alertmanager's API" }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function memberOf(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null && Object.hasOwn(body, name)
    ? (body as Readonly<Record<string, unknown>>)[name]
    : undefined
}

function textAt(body: unknown, name: string): string | undefined {
  const member = memberOf(body, name)
  return typeof member === 'string' ? member : undefined
}

function allOrNone<Value>(values: readonly (Value | undefined)[]): readonly Value[] | undefined {
  const all = values.filter((value) => value !== undefined)
  return all.length === values.length ? all : undefined
}

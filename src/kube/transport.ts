// Every call to the API server goes through here: credentials, deadline, byte limit, the retries that the server asked for, and the
// reading of what went wrong. Knows HTTP and JSON, and nothing of what the calls are for.
import { request } from 'undici'
import type { Clock } from '../domain/clock.ts'
import type { Log } from '../domain/log.ts'
import type { ApiAccess } from './access.ts'
import { type AnswerBody, type Result, readErrorBody, readJson } from './answer-body.ts'
import { Dispatchers, type Purpose } from './dispatchers.ts'
import {
  type CallFailure,
  failureOfAnswer,
  failureOfNetwork,
  heldBack,
  type Question,
  retryAfterMs,
  stopped,
} from './failure.ts'
import type { RequestObserver } from './observers.ts'
import { Throttle } from './throttle.ts'

export type Call = {
  readonly question: Question
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly contentType?: string // Of the body; default application/json.
  readonly accept?: string // Default application/json.
  readonly deadlineMs?: number // Over all retries; default 30 s.
  readonly bytesMax?: number // Of the answer; default 8 MiB.
  readonly isUrgent?: boolean // A call of the lease: own connections, never sent twice, never held back (kube:C5).
  readonly signal?: AbortSignal
}

/** An open watch. */
export type ByteStream = {
  readonly chunks: AsyncIterable<Uint8Array>
  /** Ends the stream from our side; the iteration then ends with an error. */
  abort(): void
}

export type TransportOptions = {
  readonly access: ApiAccess
  readonly clock: Clock
  readonly random: () => number // 0 <= random() < 1.
  readonly log: Log
  readonly observer: RequestObserver
}

const deadlineDefaultMs = 30_000
const bytesMaxDefault = 8 * 1024 * 1024
const retriesMax = 10
const awayMs = 3_000

export class Transport {
  readonly #access: ApiAccess
  readonly #clock: Clock
  readonly #random: () => number
  readonly #observer: RequestObserver
  readonly #dispatchers: Dispatchers
  readonly #throttle: Throttle
  readonly #host: string
  readonly #reachable = new Set<() => void>()
  #lastAnswerMs = Number.NEGATIVE_INFINITY
  #hasFailed = false // Whether a call got no answer since the last one that did.
  readonly #closing = new AbortController()

  constructor({ access, clock, random, log, observer }: TransportOptions) {
    this.#access = access
    this.#clock = clock
    this.#random = random
    this.#observer = observer
    this.#dispatchers = new Dispatchers({ access, clock, log })
    this.#throttle = new Throttle(clock)
    this.#host = new URL(access.server).host
  }

  /** The parsed JSON of a 2xx answer; never rejects. 429, and 5xx with Retry-After, are sent again inside the deadline. */
  send(call: Call): Promise<Result<unknown>> {
    const { question, bytesMax = bytesMaxDefault, isUrgent = false } = call
    return this.#retrying(call, async (attempt) => {
      const answer = await this.#start(call, isUrgent ? 'lease' : 'requests', attempt.signal)
      return answer.ok ? readJson(answer.value, { question, bytesMax }) : answer
    })
  }

  /** Opens a watch: `deadlineMs` is for its headers; the stream then lasts until one side ends it. Never rejects. */
  open(call: Call): Promise<Result<ByteStream>> {
    return this.#retrying(call, async (attempt) => {
      const answer = await this.#start(call, 'watches', attempt.signal)
      if (!answer.ok) return answer
      attempt.keepOpen(answer.value)
      return { ok: true, value: { chunks: answer.value, abort: attempt.abort } }
    })
  }

  /** Called at the first answer after the API server was away: no call got through for 3 s. What this returns ends the subscription. */
  onReachable(listener: () => void): () => void {
    this.#reachable.add(listener)
    return () => {
      this.#reachable.delete(listener)
    }
  }

  /** Gives up what is under way; resolves when every socket is closed. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#dispatchers.close()
  }

  async #retrying<Value>(call: Call, carryOut: CarryOut<Value>): Promise<Result<Value>> {
    const deadlineMs = this.#clock.monotonicMs() + (call.deadlineMs ?? deadlineDefaultMs)
    const signals = call.signal === undefined ? [this.#closing.signal] : [this.#closing.signal, call.signal]
    let isRefused = false
    for (let retries = 0; ; retries++) {
      if (!(await this.#turn(call, deadlineMs, signals))) return failed(heldBack(call.question))
      if (isAborted(signals)) return failed(stopped(call.question))
      const result = await this.#attempt(call, { deadlineMs, signals }, carryOut)
      if (result.ok || isAborted(signals)) return result
      if (result.failure.trouble === 'unauthorized' && !isRefused) {
        isRefused = true
        this.#access.credentials.forget()
        continue
      }
      const waitMs = this.#waitBeforeRetry(call, result.failure, retries)
      if (waitMs === undefined || this.#clock.monotonicMs() + waitMs >= deadlineMs) return result
      this.#observer.retried({ verb: call.question.verb, host: this.#host, code: codeOf(result.failure) })
      await this.#pause(waitMs, signals)
    }
  }

  /** One try on the wire, under the deadline of the whole call. */
  async #attempt<Value>(call: Call, limits: Limits, carryOut: CarryOut<Value>): Promise<Result<Value>> {
    const { deadlineMs, signals } = limits
    const controller = new AbortController()
    const abort = (): void => controller.abort()
    const unlink = onAbort(signals, abort)
    const timeLeftMs = Math.max(0, deadlineMs - this.#clock.monotonicMs())
    let isLate = false
    let isOpen = false
    const cancel = this.#clock.after(timeLeftMs, () => {
      isLate = true
      abort()
    })
    const keepOpen = (body: AnswerBody): void => {
      isOpen = true
      body.once('close', unlink)
    }
    try {
      return await carryOut({ signal: controller.signal, abort, keepOpen })
    } catch (error) {
      if (isAborted(signals)) return failed(stopped(call.question))
      this.#dispatchers.suspect()
      this.#hasFailed = true
      return failed(failureOfNetwork(isLate ? timeout(timeLeftMs) : error, call.question))
    } finally {
      cancel()
      if (!isOpen) unlink()
    }
  }

  async #start(call: Call, purpose: Purpose, signal: AbortSignal): Promise<Result<AnswerBody>> {
    const { question, method, body } = call
    const startMs = this.#clock.monotonicMs()
    let code = '<error>'
    try {
      const {
        statusCode,
        headers,
        body: answer,
      } = await request(this.#urlOf(call), {
        method,
        headers: await this.#headers(call),
        body: body === undefined ? null : JSON.stringify(body),
        dispatcher: await this.#dispatchers.get(purpose),
        signal,
      })
      code = String(statusCode)
      this.#note(call, statusCode)
      if (statusCode >= 200 && statusCode < 300) return { ok: true, value: answer }
      const after = retryAfterMs(headers['retry-after'])
      const about = after === undefined ? { question } : { question, retryAfterMs: after }
      return failed(failureOfAnswer(statusCode, await readErrorBody(answer), about))
    } finally {
      const seconds = (this.#clock.monotonicMs() - startMs) / 1_000
      const { verb, resource } = question
      this.#observer.answered({ verb, resource, method, host: this.#host, code, seconds })
    }
  }

  #note(call: Call, code: number): void {
    if (call.isUrgent !== true) this.#throttle.answered({ isOverloaded: code === 429 })
    if (code >= 500 || code === 429) return
    const now = this.#clock.monotonicMs()
    // While other calls get through, the failure is one of a single kind: its back-off must not end with each of their answers.
    const wasAway = this.#hasFailed && now - this.#lastAnswerMs >= awayMs
    this.#lastAnswerMs = now
    this.#hasFailed = false
    if (wasAway) for (const listener of [...this.#reachable]) listener()
  }

  async #headers(call: Call): Promise<Record<string, string>> {
    return {
      accept: call.accept ?? 'application/json',
      'user-agent': 'roundsman',
      ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
      ...(await this.#access.credentials.headers()),
    }
  }

  #urlOf(call: Call): string {
    const query = call.query === undefined ? '' : `?${new URLSearchParams(call.query)}`
    return `${this.#access.server}${call.path}${query}`
  }

  #waitBeforeRetry(call: Call, failure: CallFailure, retries: number): number | undefined {
    if (call.isUrgent === true || retries >= retriesMax) return undefined
    const { trouble, retryAfterMs: asked } = failure
    if (trouble === 'overloaded') return jittered(asked ?? 1_000, this.#random())
    if (trouble !== 'broken' && trouble !== 'tooNew') return undefined
    return asked === undefined ? undefined : jittered(asked, this.#random())
  }

  #turn(call: Call, deadlineMs: number, signals: readonly AbortSignal[]): Promise<boolean> {
    return call.isUrgent === true ? Promise.resolve(true) : this.#throttle.turn({ deadlineMs, signals })
  }

  #pause(ms: number, signals: readonly AbortSignal[]): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel()
        unlink()
        resolve()
      }
      const cancel = this.#clock.after(ms, end)
      const unlink = onAbort(signals, end)
    })
  }
}

type CarryOut<Value> = (attempt: Attempt) => Promise<Result<Value>>
type Limits = { readonly deadlineMs: number; readonly signals: readonly AbortSignal[] }

type Attempt = {
  readonly signal: AbortSignal
  abort(): void
  /** The body outlives the attempt: its deadline no longer holds, the caller's signal still does. */
  keepOpen(body: AnswerBody): void
}

/** Not AbortSignal.any: its sources would keep a listener of every watch there ever was. */
function onAbort(signals: readonly AbortSignal[], listener: () => void): () => void {
  for (const signal of signals) signal.addEventListener('abort', listener)
  return () => {
    for (const signal of signals) signal.removeEventListener('abort', listener)
  }
}

function isAborted(signals: readonly AbortSignal[]): boolean {
  return signals.some((signal) => signal.aborted)
}

function timeout(ms: number): Error {
  return Object.assign(new Error(`nothing within ${Math.round(ms / 100) / 10}s`), { code: 'ETIMEDOUT' })
}

// Upward only: the server named the earliest moment.
function jittered(ms: number, random: number): number {
  return Math.round(ms + random * Math.max(250, ms / 4))
}

function failed(failure: CallFailure): { readonly ok: false; readonly failure: CallFailure } {
  return { ok: false, failure }
}

function codeOf(failure: CallFailure): string {
  return failure.status === undefined ? '<error>' : String(failure.status)
}

// One watch, from its opening to its end: hands on each event and says how it ended. Decides nothing.
import type { Clock } from '../domain/clock.ts'
import { failureOfAnswer, failureOfNetwork, stopped } from './failure.ts'
import { acceptOf, questionOf, type Selection, selectorsOf } from './list.ts'
import { collectionPath } from './paths.ts'
import type { ByteStream, Transport } from './transport.ts'
import type { StreamEnd } from './watch-end.ts'
import { MalformedWatch, type WatchEvent, WatchLines } from './watch-lines.ts'

export type WatchOptions = {
  readonly version: string
  readonly timeoutSeconds: number // When the API server shall end it.
  readonly signal: AbortSignal
  readonly clock: Clock
  opened(): void
  /** Called in order, one at a time. A failure it answers ends the watch. Does not get ERROR events. */
  handle(event: Exclude<WatchEvent, { type: 'ERROR' }>): Promise<StreamEnd | undefined>
}

const headersMs = 15_000
const silenceMs = 150_000
const graceMs = 5_000

/** Rejects only when `handle` does, which is a defect of ours and no trouble of the stream. */
export async function watchOnce(
  transport: Transport,
  selection: Selection,
  options: WatchOptions,
): Promise<StreamEnd> {
  const question = questionOf(selection, 'watch')
  const { version, timeoutSeconds, signal, clock } = options
  const answer = await transport.open({
    question,
    method: 'GET',
    path: collectionPath(selection.kind, selection.namespace),
    query: {
      watch: 'true',
      resourceVersion: version,
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(timeoutSeconds),
      ...selectorsOf(selection),
    },
    accept: acceptOf(selection, 'object'),
    deadlineMs: headersMs,
    signal,
  })
  if (!answer.ok) return { kind: 'failed', failure: answer.failure }
  options.opened()
  const limits = new StreamLimits(answer.value, { clock, overdueMs: timeoutSeconds * 1_000 + graceMs })
  try {
    return await read(answer.value, limits, selection, options)
  } catch (error) {
    if (error instanceof HandlerDefect) throw error.cause
    if (signal.aborted) return { kind: 'failed', failure: stopped(question) }
    if (limits.end !== undefined) return limits.end
    if (error instanceof MalformedWatch) return { kind: 'malformed' }
    return { kind: 'failed', failure: failureOfNetwork(error, question) }
  } finally {
    limits.lift()
    answer.value.abort()
  }
}

class HandlerDefect extends Error {}

async function read(
  stream: ByteStream,
  limits: StreamLimits,
  selection: Selection,
  { clock, handle }: WatchOptions,
): Promise<StreamEnd> {
  const openedMs = clock.monotonicMs()
  const lines = new WatchLines()
  let items = 0
  for await (const chunk of stream.chunks) {
    limits.byteSeen()
    for (const event of lines.push(chunk)) {
      items += 1
      if (event.type === 'ERROR') {
        return { kind: 'failed', failure: failureOfStatus(event.status, selection) }
      }
      const end = await handle(event).catch((cause) => {
        throw new HandlerDefect('a watch event could not be handled', { cause })
      })
      if (end !== undefined) return end
    }
  }
  lines.end()
  return { kind: 'closed', lastedMs: clock.monotonicMs() - openedMs, items }
}

/** An ERROR event counts as the HTTP answer that it holds (kube:R10). */
function failureOfStatus(status: unknown, selection: Selection) {
  const { code } = status as { code?: unknown }
  return failureOfAnswer(typeof code === 'number' ? code : 500, status, {
    question: questionOf(selection, 'watch'),
  })
}

/** Ends a stream that is silent or overdue. One timer of silence for all its bytes: it looks at the last one when it fires. */
class StreamLimits {
  end: StreamEnd | undefined
  readonly #stream: ByteStream
  readonly #clock: Clock
  readonly #cancelOverdue: () => void
  #cancelSilence: () => void
  #lastByteMs: number

  constructor(stream: ByteStream, { clock, overdueMs }: { clock: Clock; overdueMs: number }) {
    this.#stream = stream
    this.#clock = clock
    this.#lastByteMs = clock.monotonicMs()
    this.#cancelOverdue = clock.after(overdueMs, () => this.#finish({ kind: 'overdue' }))
    this.#cancelSilence = clock.after(silenceMs, () => this.#listen())
  }

  byteSeen(): void {
    this.#lastByteMs = this.#clock.monotonicMs()
  }

  lift(): void {
    this.#cancelOverdue()
    this.#cancelSilence()
  }

  #listen(): void {
    const silentForMs = this.#clock.monotonicMs() - this.#lastByteMs
    if (silentForMs >= silenceMs) this.#finish({ kind: 'silent' })
    else this.#cancelSilence = this.#clock.after(silenceMs - silentForMs, () => this.#listen())
  }

  #finish(end: StreamEnd): void {
    this.end = end
    this.#stream.abort()
  }
}

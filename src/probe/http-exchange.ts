// One request and its answer over one open connection: HTTP/1.1, strictly. Of our own, because undici alone would use up what a whole
// probe may cost, and because every byte limit and every phase must be ours to see (docs/decisions).

import { ByteStore } from './byte-store.ts'
import type { Connection } from './connection.ts'
import { BodyReader } from './http-body.ts'
import { framingOf, headersMax, parseHead, type ResponseHead } from './http-head.ts'
import type { PhaseTimer } from './phases.ts'
import { PeerClosed, Trouble } from './trouble.ts'

export type Answer = ResponseHead & {
  readonly contentLength: number // -1 when the head does not say.
  readonly rest: Buffer // What came behind the head already.
}

const headEnd = Buffer.from('\r\n\r\n')

/** Sends the request and reads the head of the final answer; interim answers (1xx) are passed over. */
export async function request(
  connection: Connection,
  { head, timer }: { readonly head: string; readonly timer: PhaseTimer },
): Promise<Answer> {
  timer.enter('processing')
  connection.send(head)
  let rest = await nextBytes(connection)
  timer.enter('transfer') // The first byte is here.
  for (let interimBytes = 0; ; ) {
    const { text, behind } = await readHead(connection, {
      begun: rest,
      bytesMax: headersMax.bytes - interimBytes,
    })
    const answer = parseHead(text)
    if (answer.status >= 200) return { ...answer, contentLength: contentLengthOf(answer), rest: behind }
    if (answer.status === 101) throw new Trouble('HttpProtocol', 'the peer switched protocols unasked')
    interimBytes += text.length
    rest = behind
  }
}

/** Reads the body up to its end. `reader` keeps what came, also when this rejects. */
export async function readBody(connection: Connection, reader: BodyReader, rest: Buffer): Promise<void> {
  reader.push(rest)
  while (!reader.isComplete) {
    const bytes = await connection.read()
    if (bytes !== undefined) reader.push(bytes)
    else if (!reader.close()) throw new PeerClosed('the body broke off')
  }
}

/** A reader for the body of this answer. Throws a Trouble when its framing is open to doubt. */
export function bodyReaderOf(answer: Answer, bytesMax: number): BodyReader {
  return new BodyReader(framingOf(answer), bytesMax)
}

async function readHead(
  connection: Connection,
  { begun, bytesMax }: { readonly begun: Buffer; readonly bytesMax: number },
): Promise<{ readonly text: string; readonly behind: Buffer }> {
  const store = new ByteStore()
  let bytes = begun
  for (;;) {
    const searchFrom = Math.max(0, store.length - headEnd.length + 1)
    if (bytes.length > 0) store.append(bytes)
    const all = store.bytes()
    const end = all.indexOf(headEnd, searchFrom)
    if (end > bytesMax || (end < 0 && all.length > bytesMax)) {
      throw new Trouble(
        'HttpHeadersTooLarge',
        `expected headers of at most ${headersMax.bytes} bytes, got more`,
      )
    }
    if (end >= 0) return { text: all.toString('latin1', 0, end), behind: all.subarray(end + headEnd.length) }
    if (!mayBeHead(all)) throw new Trouble('HttpProtocol', 'expected an HTTP/1.1 answer, got something else')
    bytes = await nextBytes(connection)
  }
}

// Tells garbage at once instead of waiting for an empty line that never comes.
function mayBeHead(bytes: Buffer): boolean {
  const expected = 'HTTP/1.'
  const seen = bytes.toString('latin1', 0, expected.length)
  return expected.startsWith(seen)
}

async function nextBytes(connection: Connection): Promise<Buffer> {
  const bytes = await connection.read()
  if (bytes === undefined) throw new PeerClosed('the peer closed the connection before it had answered')
  return bytes
}

function contentLengthOf({ headers }: ResponseHead): number {
  const [length = ''] = headers.get('content-length') ?? []
  return /^[0-9]{1,15}$/.test(length) ? Number(length) : -1
}

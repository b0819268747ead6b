// Reads the body of an answer, bounded in bytes.
import type { Dispatcher } from 'undici'
import { type CallFailure, malformed, type Question } from './failure.ts'

export type AnswerBody = Dispatcher.ResponseData['body']

export type Result<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly failure: CallFailure }

const errorBytesMax = 256 * 1024

export async function readJson(
  body: AnswerBody,
  { question, bytesMax }: { question: Question; bytesMax: number },
): Promise<Result<unknown>> {
  const bytes = await readBytes(body, bytesMax)
  if (bytes === undefined) return { ok: false, failure: malformed(question, `it is over ${bytesMax} bytes`) }
  try {
    return { ok: true, value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) }
  } catch {
    return { ok: false, failure: malformed(question, 'it is not JSON in UTF-8') }
  }
}

/** A Status, or undefined: a proxy's page tells nothing. */
export async function readErrorBody(body: AnswerBody): Promise<unknown> {
  const bytes = await readBytes(body, errorBytesMax)
  try {
    return bytes === undefined ? undefined : JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}

/** undefined when there is more than `bytesMax`; the connection is then given up. */
async function readBytes(body: AnswerBody, bytesMax: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > bytesMax) return undefined // Leaving the loop destroys the body.
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

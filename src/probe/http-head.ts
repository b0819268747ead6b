// Reads the head of an HTTP/1.1 answer, strictly: what two readers could read in two ways is refused (RFC 9112). Pure.
import { Trouble } from './trouble.ts'

export type ResponseHead = {
  readonly status: number
  readonly version: number // 1.0 or 1.1
  readonly headers: Headers
}

/** Lower-case names; several fields of one name in the order they came. A Map: names are data from outside. */
export type Headers = ReadonlyMap<string, readonly string[]>

export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' }

export const headersMax = { bytes: 64 * 1024, fields: 256 } as const

const statusLine = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/
const fieldLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/

/** `text` is the head in Latin-1 without its final empty line. Throws a Trouble. */
export function parseHead(text: string): ResponseHead {
  const end = text.indexOf('\r\n')
  const first = end < 0 ? text : text.slice(0, end)
  const [, minor, status] = statusLine.exec(first) ?? []
  if (status === undefined) throw new Trouble('HttpProtocol', 'expected an HTTP/1.1 status line')
  return {
    status: Number(status),
    version: minor === '0' ? 1 : 1.1,
    headers: end < 0 ? new Map() : parseFields(text.slice(end + 2)),
  }
}

/** Header or trailer fields, joined by CR LF. Throws a Trouble. */
export function parseFields(text: string): Headers {
  const headers = new Map<string, string[]>()
  // A folded line is one field with a space in it (RFC 9112 section 5.2).
  const lines = text.replace(/\r\n[ \t]+/g, ' ').split('\r\n')
  if (lines.length > headersMax.fields) {
    throw new Trouble('HttpHeadersTooLarge', `expected at most ${headersMax.fields} header fields, got more`)
  }
  for (const line of lines) {
    const [, name, value] = fieldLine.exec(line) ?? []
    if (name === undefined || value === undefined) {
      throw new Trouble('HttpProtocol', 'expected header fields as "name: value", got something else')
    }
    const key = name.toLowerCase()
    headers.set(key, [...(headers.get(key) ?? []), value.trimEnd()])
  }
  return headers
}

/** How the end of the body is found. Throws a Trouble when that is open to doubt. */
export function framingOf({ status, version, headers }: ResponseHead): Framing {
  if (status === 204 || status === 304) return { kind: 'none' }
  const codings = headers.get('transfer-encoding')
  const lengths = new Set(headers.get('content-length')?.flatMap((value) => value.split(/[ \t]*,[ \t]*/)))
  if (codings !== undefined) {
    if (lengths.size > 0) {
      throw new Trouble('HttpProtocol', 'the answer has both Content-Length and Transfer-Encoding')
    }
    if (version !== 1.1 || codings.join(',').trim().toLowerCase() !== 'chunked') {
      throw new Trouble('HttpProtocol', 'expected the transfer coding chunked, got another')
    }
    return { kind: 'chunked' }
  }
  if (lengths.size === 0) return { kind: 'until-close' }
  const [length = ''] = lengths
  if (lengths.size > 1 || !/^[0-9]{1,15}$/.test(length)) {
    throw new Trouble('HttpProtocol', 'expected one Content-Length, a number')
  }
  return { kind: 'length', bytes: Number(length) }
}

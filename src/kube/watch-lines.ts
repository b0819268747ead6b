// Takes the bytes of a watch stream apart: one JSON document a line. Pure; a stream with a single unreadable line is worth nothing,
// because an event that is skipped is an object that stays wrong in the cache (kube:R10).
import type { KubeObject } from '../domain/kube-object.ts'

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }
  | { readonly type: 'ERROR'; readonly status: unknown } // The HTTP answer that it stands for, as a Status object.

/** The stream holds something that is not a watch event; whoever reads it gives it up and lists again. */
export class MalformedWatch extends Error {}

const newline = 0x0a
const lineBytesMax = 16 * 1024 * 1024 // etcd takes 1.5 MiB an object; managed fields and escapes do not make ten of it.

export class WatchLines {
  #rest: Uint8Array[] = []
  #restBytes = 0

  /** The events that `chunk` completes, in order. Throws MalformedWatch; the decoder is then of no further use. */
  push(chunk: Uint8Array): WatchEvent[] {
    const events: WatchEvent[] = []
    let start = 0
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      const line = this.#takeLine(chunk.subarray(start, end))
      if (line.length > 0) events.push(eventOf(line))
      start = end + 1
    }
    this.#keep(chunk.subarray(start))
    return events
  }

  /** To be called at the end of the stream: throws when it ended within a line. */
  end(): void {
    if (this.#restBytes > 0) throw new MalformedWatch('the stream ended within a line')
  }

  #takeLine(tail: Uint8Array): Uint8Array {
    if (this.#restBytes === 0) return tail
    const line = Buffer.concat([...this.#rest, tail])
    this.#rest = []
    this.#restBytes = 0
    return line
  }

  #keep(part: Uint8Array): void {
    if (part.length === 0) return
    this.#restBytes += part.length
    if (this.#restBytes > lineBytesMax)
      throw new MalformedWatch(`a line is longer than ${lineBytesMax} bytes`)
    this.#rest.push(part)
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function eventOf(line: Uint8Array): WatchEvent {
  const { type, object } = parse(line) as { type?: unknown; object?: unknown }
  if (typeof object !== 'object' || object === null) throw new MalformedWatch('an event without object')
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      if (!isNamed(object)) throw new MalformedWatch('an object without name or resource version')
      return { type, object }
    case 'BOOKMARK':
      return { type, resourceVersion: versionOf(object) }
    case 'ERROR':
      return { type, status: object }
    default:
      throw new MalformedWatch('an event of unknown type')
  }
}

function parse(line: Uint8Array): object {
  try {
    const value: unknown = JSON.parse(decoder.decode(line))
    if (typeof value === 'object' && value !== null) return value
  } catch (cause) {
    throw new MalformedWatch('a line is not JSON in UTF-8', { cause })
  }
  throw new MalformedWatch('a line is not an event')
}

function isNamed(object: object): object is KubeObject {
  const { metadata } = object as { metadata?: { name?: unknown; uid?: unknown; resourceVersion?: unknown } }
  return (
    typeof metadata?.name === 'string' &&
    typeof metadata.uid === 'string' &&
    typeof metadata.resourceVersion === 'string'
  )
}

function versionOf(object: object): string {
  const { metadata } = object as { metadata?: { resourceVersion?: unknown } }
  if (typeof metadata?.resourceVersion !== 'string') throw new MalformedWatch('a bookmark without version')
  return metadata.resourceVersion
}

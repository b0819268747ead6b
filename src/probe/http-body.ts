// Takes a body apart as its bytes arrive: by length, by chunks, or up to the end of the connection. Bounded; pure but for its own state.
import { ByteStore } from './byte-store.ts'
import { type Framing, parseFields } from './http-head.ts'
import { Trouble } from './trouble.ts'

/** The longest line that may introduce a chunk, extensions included. */
const chunkLineMax = 4096

/** Trailers are read only to be refused when they are none. */
const trailersMax = 16 * 1024

export class BodyReader {
  readonly #framing: Framing
  readonly #bytesMax: number
  readonly #store = new ByteStore()
  #length = 0
  #isComplete: boolean
  #pending: Buffer = Buffer.alloc(0) // Of a chunk line or trailer that has not ended yet.
  #chunkLeft = 0 // Bytes of the running chunk.
  #expects: 'size' | 'data' | 'data-end' | 'trailer' = 'size'

  constructor(framing: Framing, bytesMax: number) {
    this.#framing = framing
    this.#bytesMax = bytesMax
    this.#isComplete = framing.kind === 'none' || (framing.kind === 'length' && framing.bytes === 0)
  }

  get isComplete(): boolean {
    return this.#isComplete
  }

  /** Bytes kept so far; the cap when there were more. */
  get length(): number {
    return this.#length
  }

  /** The body; one buffer for all assertions. */
  body(): Buffer {
    return this.#store.bytes()
  }

  /** Takes what arrived. Bytes after the end are ignored. Throws a Trouble when it is malformed, or over the cap. */
  push(bytes: Buffer): void {
    if (this.#isComplete) return
    switch (this.#framing.kind) {
      case 'length':
        this.#keep(bytes.subarray(0, this.#framing.bytes - this.#length))
        this.#isComplete = this.#length === this.#framing.bytes
        return
      case 'until-close':
        this.#keep(bytes)
        return
      case 'chunked':
        this.#pushChunked(bytes)
        return
      case 'none':
        return
    }
    this.#framing satisfies never
  }

  /** The peer closed in good order: whether that ends the body or breaks it off. */
  close(): boolean {
    if (this.#framing.kind === 'until-close') this.#isComplete = true
    return this.#isComplete
  }

  #pushChunked(bytes: Buffer): void {
    let rest = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes])
    this.#pending = Buffer.alloc(0)
    while (rest.length > 0 && !this.#isComplete) {
      const used = this.#step(rest)
      if (used === 0) {
        this.#pending = rest // Waits for the rest of the line.
        return
      }
      rest = rest.subarray(used)
    }
  }

  // Takes one piece off the front; 0 when it is not all there yet.
  #step(bytes: Buffer): number {
    switch (this.#expects) {
      case 'size':
        return this.#chunkSize(bytes)
      case 'data': {
        const data = bytes.subarray(0, this.#chunkLeft)
        this.#keep(data)
        this.#chunkLeft -= data.length
        if (this.#chunkLeft === 0) this.#expects = 'data-end'
        return data.length
      }
      case 'data-end':
        return this.#chunkEnd(bytes)
      case 'trailer':
        return this.#trailer(bytes)
    }
    this.#expects satisfies never
  }

  #chunkSize(bytes: Buffer): number {
    const end = bytes.indexOf('\r\n')
    if (end < 0 && bytes.length <= chunkLineMax) return 0
    const line = end < 0 || end > chunkLineMax ? '' : bytes.toString('latin1', 0, end)
    const [, size] = /^([0-9A-Fa-f]{1,12})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/.exec(line) ?? []
    if (size === undefined) throw new Trouble('HttpProtocol', 'expected the size of a chunk')
    this.#chunkLeft = Number.parseInt(size, 16)
    this.#expects = this.#chunkLeft === 0 ? 'trailer' : 'data'
    return end + 2
  }

  #chunkEnd(bytes: Buffer): number {
    if (bytes.length < 2 && bytes[0] === 0x0d) return 0
    if (bytes[0] !== 0x0d || bytes[1] !== 0x0a) {
      throw new Trouble('HttpProtocol', 'a chunk does not end where its size says')
    }
    this.#expects = 'size'
    return 2
  }

  #trailer(bytes: Buffer): number {
    if (bytes[0] === 0x0d && bytes.length < 2) return 0
    if (bytes[0] === 0x0d && bytes[1] === 0x0a) {
      this.#isComplete = true
      return 2
    }
    const end = bytes.indexOf('\r\n\r\n')
    if (end > trailersMax || (end < 0 && bytes.length > trailersMax)) {
      throw new Trouble('HttpHeadersTooLarge', `expected trailers of at most ${trailersMax} bytes, got more`)
    }
    if (end < 0) return 0
    parseFields(bytes.toString('latin1', 0, end)) // Only to refuse what is no trailer.
    this.#isComplete = true
    return end + 4
  }

  #keep(bytes: Buffer): void {
    if (bytes.length > this.#bytesMax - this.#length) {
      this.#length = this.#bytesMax
      throw new Trouble('HttpBodyTooLarge', `expected a body of at most ${this.#bytesMax} bytes, got more`)
    }
    if (bytes.length > 0) this.#store.append(bytes)
    this.#length += bytes.length
  }
}

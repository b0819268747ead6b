// Keeps arriving bytes together. A peer may send a mebibyte in single bytes: one buffer that grows, not a list of a million pieces.

const leastCapacity = 1024

export class ByteStore {
  #buffer: Buffer = Buffer.alloc(0)
  #isBorrowed = false // The first piece is kept as it came; most answers have no second.
  #length = 0

  get length(): number {
    return this.#length
  }

  append(bytes: Buffer): void {
    if (this.#length === 0) {
      this.#buffer = bytes
      this.#isBorrowed = true
    } else {
      this.#makeRoom(this.#length + bytes.length)
      bytes.copy(this.#buffer, this.#length)
    }
    this.#length += bytes.length
  }

  /** All bytes so far; valid until the next `append`. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  #makeRoom(wanted: number): void {
    if (!this.#isBorrowed && wanted <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(leastCapacity, 2 * wanted))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
    this.#isBorrowed = false
  }
}

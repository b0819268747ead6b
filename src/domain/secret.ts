// The value of a Secret's key while it is in memory. It cannot be printed, interpolated or serialised by accident (reliability T20, V30).

const redacted = '[redacted]'

export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself, for the wire alone: never for a message, a log field, a status or a metric. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return redacted
  }

  toJSON(): string {
    return redacted
  }

  /** What `console.log` and `util.inspect` print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return redacted
  }
}

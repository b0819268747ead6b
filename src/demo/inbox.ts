// Where the demo's messages arrive: takes whatever is posted, as a chat gateway would, and shows the last ones. In memory alone.
import type { IncomingMessage } from 'node:http'

const messagesMax = 20
const lengthMax = 256 * 1024

export class Inbox {
  readonly #messages: string[] = [] // Newest first.

  /** False when the message is too long, or its sender broke off. */
  async take(request: IncomingMessage): Promise<boolean> {
    let text = ''
    try {
      for await (const piece of request.setEncoding('utf8')) {
        text += piece
        if (text.length > lengthMax) return false
      }
    } catch {
      return false
    }
    this.#messages.unshift(text.trimEnd())
    this.#messages.splice(messagesMax)
    return true
  }

  get text(): string {
    const heading = `${this.#messages.length} messages, the newest first; at most ${messagesMax} are kept`
    return `${[heading, ...this.#messages].join('\n\n')}\n`
  }
}

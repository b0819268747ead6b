// A long text sent piece by piece: the next piece is made only when the reader has room, and never two in one turn of the event loop.
import { setImmediate as nextTurn } from 'node:timers/promises'

/** Ends early, releasing the source, when the reader goes away. */
export function textStream(pieces: Iterable<string>): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.iterator]()
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      await nextTurn()
      const { done, value } = iterator.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    cancel() {
      iterator.return?.()
    },
  })
}

// Who waits for a place, served by turns: one of each namespace, so that a namespace with a thousand targets delays nobody else's one.

export class FairQueue<Entry> {
  readonly #queues = new Map<string, Set<Entry>>() // Namespaces in the order of their turn; none is empty.

  get isEmpty(): boolean {
    return this.#queues.size === 0
  }

  add(namespace: string, entry: Entry): void {
    const queue = this.#queues.get(namespace)
    if (queue === undefined) this.#queues.set(namespace, new Set([entry]))
    else queue.add(entry)
  }

  /** The first of the namespace whose turn it is; undefined when nobody waits. */
  take(): Entry | undefined {
    for (const [namespace, queue] of this.#queues) {
      const [first] = queue as Set<Entry>
      if (first === undefined) continue
      queue.delete(first)
      this.#queues.delete(namespace)
      if (queue.size > 0) this.#queues.set(namespace, queue) // To the end of the row.
      return first
    }
    return undefined
  }

  /** Takes one out of the middle; nothing happens when it does not wait. */
  remove(namespace: string, entry: Entry): void {
    const queue = this.#queues.get(namespace)
    if (queue === undefined) return
    queue.delete(entry)
    if (queue.size === 0) this.#queues.delete(namespace)
  }
}

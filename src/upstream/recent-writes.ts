// What we wrote to one Alertmanager and no list has shown yet. Laid over each list, so that nobody writes a second time what a
// lagging replica does not show: a POST is not idempotent (reliability D4).
import type { RemoteSilence } from '../domain/remote-silence.ts'

type Write = {
  readonly silence: RemoteSilence
  readonly owner: string // On whose behalf it was written.
  readonly writtenAtMs: number // Monotonic.
  listsWithout: number // Complete lists that were asked for after the write and do not show it.
}

export type Missing = { readonly silenceID: string; readonly owner: string }

/** A replica behind a load balancer may lag by one full exchange of state between peers: 60 s by default. */
const lagMaxMs = 90_000
const listsUntilTold = 3

export class RecentWrites {
  readonly #made = new Map<string, Write>()
  readonly #ended = new Map<string, number>() // Silence id -> when we ended it, monotonic.

  /** The silence now stands as `silence.id`; `replacedID` is the one that Alertmanager ended for it. */
  noteMade(
    silence: RemoteSilence,
    options: { readonly owner: string; readonly replacedID?: string; readonly nowMs: number },
  ): void {
    const { owner, replacedID, nowMs } = options
    this.#made.set(silence.id, { silence, owner, writtenAtMs: nowMs, listsWithout: 0 })
    if (replacedID !== undefined && replacedID !== silence.id) this.noteEnded(replacedID, nowMs)
  }

  noteEnded(silenceID: string, nowMs: number): void {
    this.#made.delete(silenceID)
    this.#ended.set(silenceID, nowMs)
  }

  /**
   * A complete list arrived that was asked for at `askedAtMs`: what it had to show is no longer ours to remember. The answer is what
   * three lists in a row did not show, though it was taken; each is told once.
   */
  confirm(list: readonly RemoteSilence[], askedAtMs: number, nowMs: number): readonly Missing[] {
    for (const [id, endedAtMs] of this.#ended) if (endedAtMs <= askedAtMs) this.#ended.delete(id)
    const shown = new Set(list.map((silence) => silence.id))
    const missing: Missing[] = []
    for (const [silenceID, write] of this.#made) {
      if (write.writtenAtMs > askedAtMs) continue
      write.listsWithout += 1
      if (shown.has(silenceID) || nowMs - write.writtenAtMs > lagMaxMs) this.#made.delete(silenceID)
      else if (write.listsWithout === listsUntilTold) missing.push({ silenceID, owner: write.owner })
    }
    return missing
  }

  /** The Alertmanager was away: it may have lost what it had taken, and its next list alone counts. */
  forget(): void {
    this.#made.clear()
    this.#ended.clear()
  }

  /** The list as it would be if it already showed our writes. */
  over(list: readonly RemoteSilence[]): readonly RemoteSilence[] {
    if (this.#made.size === 0 && this.#ended.size === 0) return list
    const others = list
      .filter((silence) => !this.#made.has(silence.id))
      .map((silence) => (this.#ended.has(silence.id) ? { ...silence, state: 'expired' as const } : silence))
    return [...others, ...[...this.#made.values()].map((write) => write.silence)]
  }

  /** Whether a list is awaited that shows them all. */
  get isAwaiting(): boolean {
    return this.#made.size > 0 || this.#ended.size > 0
  }
}

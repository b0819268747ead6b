// Counts how well the schedule is kept, over all targets of a worker, until somebody takes the counts away.
import { latenessBoundsSeconds, type SchedulePace, type SkipCause } from '../domain/probe-entry.ts'

export class PaceCounter {
  #pace = emptyPace()
  #isEmpty = true

  started(latenessSeconds: number): void {
    const bound = latenessBoundsSeconds.findIndex((limit) => latenessSeconds <= limit)
    const bucket = bound < 0 ? latenessBoundsSeconds.length : bound
    this.#pace.latenessCounts[bucket] = (this.#pace.latenessCounts[bucket] ?? 0) + 1
    this.#pace.latenessSumSeconds += latenessSeconds
    this.#isEmpty = false
  }

  skipped(cause: SkipCause, slots: number): void {
    this.#pace.skipped[cause] += slots
    this.#isEmpty = false
  }

  /** What was counted since the last call; undefined when that is nothing. */
  take(): SchedulePace | undefined {
    if (this.#isEmpty) return undefined
    const pace = this.#pace
    this.#pace = emptyPace()
    this.#isEmpty = true
    return pace
  }
}

type Counting = { skipped: Record<SkipCause, number>; latenessCounts: number[]; latenessSumSeconds: number }

function emptyPace(): Counting {
  return {
    skipped: { 'still-running': 0, late: 0, 'worker-busy': 0, 'address-busy': 0 },
    latenessCounts: new Array(latenessBoundsSeconds.length + 1).fill(0),
    latenessSumSeconds: 0,
  }
}

// Probes in this very thread, outside of any schedule: for a command that wants one outcome and ends.
import type { Clock } from '../domain/clock.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { ProbeEntry } from '../domain/probe-entry.ts'
import type { DefectReporter } from './runner.ts'
import type { ProbeSettings } from './settings.ts'
import { createProbeThread } from './thread.ts'

export type SingleProber = {
  /** One probe of this entry, now. Never rejects; ends at the entry's timeout. */
  probe(entry: ProbeEntry): Promise<Outcome>
  /** To be called when no probe is in flight any more. */
  close(): void
}

export function createSingleProber(options: {
  readonly settings: ProbeSettings
  readonly clock: Clock
  readonly onDefect: DefectReporter
}): SingleProber {
  const thread = createProbeThread(options.settings, options.clock, options.onDefect)
  return {
    async probe(entry) {
      const run = thread.runner.prepare(entry)
      for (;;) {
        const result = await run(new AbortController().signal)
        if (result.kind === 'ended') return result.outcome // Skipped: too many at once to one address; it is tried again.
      }
    },
    close: () => thread.close(),
  }
}

// The silences in force and whom they mute. Asked when a message is about to be told, never when an alert begins.
import type { Instant } from '../domain/clock.ts'
import type { JudgedSilence } from '../domain/judged-policy.ts'
import { compileMatchers } from '../domain/matchers.ts'

type CompiledSilence = {
  readonly silence: JudgedSilence
  readonly matches: (labels: ReadonlyMap<string, string>) => boolean
}

export class Silences {
  readonly #silences = new Map<string, CompiledSilence>() // By UID.

  /** Throws on a pattern that RE2 does not read; the silence that was in force under this UID then stays. */
  set(silence: JudgedSilence): void {
    this.#silences.set(silence.uid, { silence, matches: compileMatchers(silence.matchers) })
  }

  remove(uid: string): void {
    this.#silences.delete(uid)
  }

  /** Names of the silences that mute an alert with these labels at this moment, sorted. A silence holds in [startsAt, endsAt). */
  muting(labels: ReadonlyMap<string, string>, now: Instant): readonly string[] {
    return [...this.#silences.values()]
      .filter(({ silence, matches }) => silence.startsAt <= now && now < silence.endsAt && matches(labels))
      .map(({ silence }) => silence.name)
      .toSorted()
  }
}

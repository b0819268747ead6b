// What the judge remembers of each target: the scrapes of the last minutes, as many as its rules may look at and no more.
import type { ScrapedTarget } from '../domain/judged-policy.ts'
import type { TimedSample } from '../domain/rules/rule-face.ts'

export class SampleWindows {
  readonly #windows = new Map<string, TimedSample[]>() // By `namespace/target`; samples oldest first.
  #horizons: ReadonlyMap<string, number> = new Map() // How far back each target must be known, in milliseconds.

  /** From now on exactly these targets are remembered, each as far back as its horizon. */
  keep(horizons: ReadonlyMap<string, number>): void {
    this.#horizons = horizons
    for (const key of this.#windows.keys()) if (!horizons.has(key)) this.#windows.delete(key)
  }

  get isEmpty(): boolean {
    return this.#horizons.size === 0
  }

  /** Takes one scrape of all targets. A remembered target that it lacks gets a stale mark: its series end at once. */
  ingest(atMs: number, scrape: readonly ScrapedTarget[]): void {
    const scraped = new Map(scrape.map((target) => [targetKey(target.namespace, target.target), target]))
    for (const [key, horizonMs] of this.#horizons) {
      const window = this.#windows.get(key) ?? []
      const found = scraped.get(key)
      if (found !== undefined || window.at(-1)?.scraped !== undefined) window.push({ atMs, scraped: found })
      dropUntil(window, atMs - horizonMs)
      if (window.length > 0) this.#windows.set(key, window)
      else this.#windows.delete(key)
    }
  }

  /** Oldest first; empty for a target that was never seen. */
  samples(namespace: string, target: string): readonly TimedSample[] {
    return this.#windows.get(targetKey(namespace, target)) ?? []
  }

  clear(): void {
    this.#windows.clear()
  }
}

export function targetKey(namespace: string, target: string): string {
  return `${namespace}/${target}`
}

/** Ranges are left-open, so a sample at the horizon itself is out of sight. */
function dropUntil(window: TimedSample[], lastMs: number): void {
  const kept = window.findIndex(({ atMs }) => atMs > lastMs)
  window.splice(0, kept === -1 ? window.length : kept)
}

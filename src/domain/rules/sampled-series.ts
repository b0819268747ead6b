// What Prometheus' engine makes of samples, for the local judge: instant vectors, ranges, quantile and increase, to the last detail
// of extrapolation. Mirrors Prometheus 3: ranges are left-open, a stale marker ends a series at once.
import type { Instant } from '../clock.ts'
import type { ScrapedTarget } from '../judged-policy.ts'
import type { TimedSample } from './rule-face.ts'

/** How old the latest sample may be in an instant vector: Prometheus' default `--query.lookback-delta`. */
export const instantLookbackMs = 300_000

export type Point = { readonly atMs: Instant; readonly value: number }

/** What an instant selector sees: the latest scrape, unless it is 5 minutes old or had no such target. Samples are oldest first. */
export function latestScrape(samples: readonly TimedSample[], atMs: Instant): ScrapedTarget | undefined {
  const latest = samples.findLast((sample) => sample.atMs <= atMs)
  return latest !== undefined && latest.atMs > atMs - instantLookbackMs ? latest.scraped : undefined
}

/** What a range selector sees in `(atMs - windowMs, atMs]` of the one series that `read` takes from a scrape. */
export function pointsWithin(
  samples: readonly TimedSample[],
  range: { readonly atMs: Instant; readonly windowMs: number },
  read: (scraped: ScrapedTarget) => number | undefined,
): readonly Point[] {
  const points: Point[] = []
  for (const { atMs, scraped } of samples) {
    if (atMs <= range.atMs - range.windowMs || atMs > range.atMs) continue
    const value = scraped === undefined ? undefined : read(scraped)
    if (value !== undefined) points.push({ atMs, value })
  }
  return points
}

/** `quantile_over_time`: rank q*(n-1), linear between two samples. NaN of nothing, which compares false. */
export function quantileOf(quantile: number, points: readonly Point[]): number {
  if (points.length === 0) return Number.NaN
  const sorted = points.map((point) => point.value).toSorted((a, b) => a - b)
  const rank = quantile * (sorted.length - 1)
  const lower = Math.max(0, Math.floor(rank))
  const upper = Math.min(sorted.length - 1, lower + 1)
  const weight = rank - Math.floor(rank)
  return (sorted[lower] ?? Number.NaN) * (1 - weight) + (sorted[upper] ?? Number.NaN) * weight
}

/** `increase`: extrapolated to the whole range, but never below a counter's zero. Undefined of fewer than two samples. */
export function increaseOf(
  points: readonly Point[],
  range: { readonly atMs: Instant; readonly windowMs: number },
): number | undefined {
  const first = points[0]
  const last = points.at(-1)
  if (first === undefined || last === undefined || points.length < 2) return undefined
  // In seconds, in Prometheus' own order of operations: the last bit decides at a threshold.
  const grown = growthOf(points)
  const sampled = (last.atMs - first.atMs) / 1000
  const spacing = sampled / (points.length - 1)
  // A gap of up to 1.1 spacings is taken for a missed boundary; a longer one means that the series begins or ends inside the range.
  const reach = (gap: number) => (gap >= spacing * 1.1 ? spacing / 2 : gap)
  const toStart = reach((first.atMs - (range.atMs - range.windowMs)) / 1000)
  const toZero = grown > 0 && first.value >= 0 ? sampled * (first.value / grown) : toStart
  const toEnd = reach((range.atMs - last.atMs) / 1000)
  return grown * ((sampled + Math.min(toStart, toZero) + toEnd) / sampled)
}

/** Last minus first; a fall is a restart from zero, so what was lost is added. */
function growthOf(points: readonly Point[]): number {
  let grown = (points.at(-1)?.value ?? 0) - (points[0]?.value ?? 0)
  for (const [index, point] of points.entries()) {
    const before = points[index - 1]
    if (before !== undefined && point.value < before.value) grown += before.value
  }
  return grown
}

import { describe, expect, it } from 'vitest'
import {
  increaseOf,
  latestScrape,
  type Point,
  pointsWithin,
  quantileOf,
} from '../../../src/domain/rules/sampled-series.ts'
import { sample } from './samples.ts'

const points = (...values: readonly [number, number][]): readonly Point[] =>
  values.map(([second, value]) => ({ atMs: second * 1000, value }))

describe('an instant vector', () => {
  const samples = [sample(0, { verdict: 'Healthy' }), sample(15, { verdict: 'Unhealthy' })]

  it('sees the latest scrape that is not later', () => {
    expect(latestScrape(samples, 14_999)?.verdict).toBe('Healthy')
    expect(latestScrape(samples, 15_000)?.verdict).toBe('Unhealthy')
    expect(latestScrape(samples, -1)).toBeUndefined()
  })

  it('forgets a sample at the very end of 5 minutes', () => {
    expect(latestScrape(samples, 314_999)).toBeDefined()
    expect(latestScrape(samples, 315_000)).toBeUndefined()
  })

  it('ends at once when a scrape no longer has the target', () => {
    expect(latestScrape([...samples, { atMs: 30_000, scraped: undefined }], 30_000)).toBeUndefined()
  })
})

it('takes a range without its first and with its last instant', () => {
  const samples = [0, 15, 30, 45].map((second) => sample(second, { okDurationSeconds: second }))
  const within = pointsWithin(
    samples,
    { atMs: 30_000, windowMs: 30_000 },
    (scraped) => scraped.okDurationSeconds,
  )
  expect(within.map((point) => point.value)).toEqual([15, 30])
})

describe('a quantile', () => {
  it('has rank q*(n-1) and is linear between two samples', () => {
    const four = points([0, 4], [1, 1], [2, 3], [3, 2])
    expect(quantileOf(0.5, four)).toBe(2.5)
    expect(quantileOf(0, four)).toBe(1)
    expect(quantileOf(1, four)).toBe(4)
    expect(quantileOf(0.9, four)).toBeCloseTo(3.7)
  })

  it('of nothing compares false', () => {
    expect(quantileOf(0.5, []) > Number.NEGATIVE_INFINITY).toBe(false)
  })
})

describe('an increase', () => {
  const range = { atMs: 60_000, windowMs: 60_000 }

  it('needs two samples', () => {
    expect(increaseOf(points([60, 5]), range)).toBeUndefined()
  })

  it('is extrapolated over the whole range where samples reach near its ends', () => {
    expect(increaseOf(points([15, 100], [30, 101], [45, 102], [60, 103]), range)).toBe(4)
  })

  it('is extrapolated by half a spacing where the series begins inside the range', () => {
    expect(increaseOf(points([45, 100], [60, 101]), range)).toBe(1.5)
  })

  it('does not reach below the zero of the counter', () => {
    expect(increaseOf(points([15, 0], [30, 1], [45, 2], [60, 3]), range)).toBe(3)
  })

  it('counts on over a restart of the counter', () => {
    expect(increaseOf(points([15, 100], [30, 101], [45, 0], [60, 1]), range)).toBeCloseTo((2 * 60) / 45)
  })
})

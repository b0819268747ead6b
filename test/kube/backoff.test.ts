import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Backoff, backOff, noBackoff } from '../../src/kube/backoff.ts'

function delays(count: number, random: number): number[] {
  const seen: number[] = []
  let state: Backoff = noBackoff
  for (let failure = 0; failure < count; failure++) {
    const { next, delayMs } = backOff(state, { workedForMs: 0, random })
    seen.push(delayMs)
    state = next
  }
  return seen
}

test('doubles from 0.8 s to 30 s', () => {
  expect(delays(8, 0)).toEqual([800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000])
})

test('adds at most as much again, and never takes anything off', () => {
  const fractions = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(fractions, fc.integer({ min: 1, max: 40 }), (random, count) => {
      const plain = delays(count, 0)
      for (const [index, delay] of delays(count, random).entries()) {
        expect(delay).toBeGreaterThanOrEqual(plain[index] ?? 0)
        expect(delay).toBeLessThanOrEqual(2 * (plain[index] ?? 0))
      }
    }),
  )
})

test('begins anew after a stream that was healthy for two minutes', () => {
  expect(backOff({ failures: 5 }, { workedForMs: 119_999, random: 0 }).delayMs).toBe(25_600)
  expect(backOff({ failures: 5 }, { workedForMs: 120_000, random: 0 }).delayMs).toBe(800)
})

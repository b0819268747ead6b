import fc from 'fast-check'
import { expect, test } from 'vitest'
import { firstProbeMs, gridOf, nextSlotMs, shardOf, slotsBetween } from '../../src/domain/schedule.ts'

const interval = fc.integer({ min: 1_000, max: 86_400_000 })
const instant = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2040, 0, 1) })

test('the next slot lies on the grid, after the asked time and within one interval', () => {
  fc.assert(
    fc.property(fc.uuid(), interval, instant, (uid, intervalMs, afterMs) => {
      const grid = gridOf(uid, intervalMs)
      const slot = nextSlotMs(grid, afterMs)
      expect(grid.phaseMs).toBeGreaterThanOrEqual(0)
      expect(grid.phaseMs).toBeLessThan(intervalMs)
      expect((slot - grid.phaseMs) % intervalMs).toBe(0)
      expect(slot).toBeGreaterThan(afterMs)
      expect(slot - afterMs).toBeLessThanOrEqual(intervalMs)
    }),
  )
})

test('a restart at any moment finds the same slots', () => {
  fc.assert(
    fc.property(
      fc.uuid(),
      interval,
      instant,
      fc.integer({ min: 1, max: 50 }),
      (uid, intervalMs, at, count) => {
        const grid = gridOf(uid, intervalMs)
        const later = nextSlotMs(grid, at) + count * intervalMs
        expect(nextSlotMs(grid, later)).toBe(later + intervalMs)
        expect(nextSlotMs(grid, later - 1)).toBe(later)
      },
    ),
  )
})

test('slots between two moments are those that nextSlot finds one after the other', () => {
  fc.assert(
    fc.property(
      fc.uuid(),
      fc.integer({ min: 1_000, max: 60_000 }),
      instant,
      fc.integer({ min: 0, max: 600_000 }),
      (uid, intervalMs, from, passed) => {
        const grid = gridOf(uid, intervalMs)
        let count = 0
        for (let slot = nextSlotMs(grid, from); slot <= from + passed; slot = nextSlotMs(grid, slot))
          count += 1
        expect(slotsBetween(grid, from, from + passed)).toBe(count)
      },
    ),
  )
})

test('a new target is looked at within its interval and within two minutes', () => {
  fc.assert(
    fc.property(fc.uuid(), interval, instant, (uid, intervalMs, now) => {
      const first = firstProbeMs(uid, intervalMs, now)
      expect(first).toBeGreaterThan(now)
      expect(first - now).toBeLessThanOrEqual(Math.min(intervalMs, 120_000))
    }),
  )
})

test('the first look at a target of a short interval is a slot of its grid', () => {
  const now = Date.UTC(2026, 0, 1)
  expect(firstProbeMs('a-uid', 30_000, now)).toBe(nextSlotMs(gridOf('a-uid', 30_000), now))
})

test('ten thousand targets of one interval fall evenly over it', () => {
  const now = Date.UTC(2026, 0, 1)
  const perSecond = new Array(30).fill(0)
  for (const uid of uids(10_000)) {
    const second = Math.floor((firstProbeMs(uid, 30_000, now) - now - 1) / 1000)
    perSecond[second] += 1
  }
  expect(Math.max(...perSecond)).toBeLessThan(1.2 * (10_000 / 30))
})

test('targets spread evenly over workers, whatever their phase', () => {
  const counts = [0, 0, 0]
  for (const uid of uids(9_000)) counts[shardOf(uid, 3)]! += 1
  expect(Math.max(...counts)).toBeLessThan(1.1 * 3_000)
})

// UIDs as a cluster gives them, and the same ones in each run.
function uids(count: number): string[] {
  return fc.sample(fc.uuid(), { numRuns: count, seed: 7 })
}

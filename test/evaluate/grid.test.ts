import { expect, test } from 'vitest'
import { Grid } from '../../src/evaluate/grid.ts'
import { FakeClock } from '../fakes/clock.ts'

const start = Date.UTC(2026, 0, 1, 0, 0, 7)

function recorder() {
  const seen: string[] = []
  const clock = new FakeClock(start)
  const work = (name: string, everyMs: number) => ({
    everyMs,
    run: (atMs: number) => {
      seen.push(`${name} ${(atMs - Date.UTC(2026, 0, 1)) / 1000}`)
    },
  })
  const grid = new Grid(clock, [work('scrape', 5_000), work('evaluate', 15_000)])
  return { seen, clock, grid }
}

test('calls at every multiple of the interval, in order where two fall on one', () => {
  const { seen, clock, grid } = recorder()
  grid.start()
  clock.advance(13_000)
  expect(seen).toEqual(['scrape 10', 'scrape 15', 'evaluate 15', 'scrape 20'])
})

test('skips the points that passed while the program was busy', () => {
  const clock = new FakeClock(start)
  const seen: number[] = []
  const busy = {
    now: () => clock.now(),
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs: number, callback: () => void) => clock.after(delayMs + 17_000, callback),
  }
  const grid = new Grid(busy, [
    { everyMs: 5_000, run: (atMs) => seen.push((atMs - Date.UTC(2026, 0, 1)) / 1000) },
  ])
  grid.start()
  clock.advance(20_000)
  expect(seen).toEqual([25]) // Due at 10; called at 27.
})

test('a step of the wall clock moves no point', () => {
  const { seen, clock, grid } = recorder()
  grid.start()
  clock.stepWall(-3_600_000)
  clock.advance(8_000)
  expect(seen).toEqual(['scrape 10', 'scrape 15', 'evaluate 15'])
})

test('stops at any moment, also from within its own work, and starts again', () => {
  const clock = new FakeClock(start)
  const seen: number[] = []
  const grid: Grid = new Grid(clock, [
    {
      everyMs: 1_000,
      run: (atMs) => {
        seen.push(atMs)
        grid.stop()
      },
    },
  ])
  grid.start()
  grid.start() // Running already: no second timer.
  expect(clock.pending).toBe(1)
  clock.advance(5_000)
  expect(seen).toHaveLength(1)
  expect(clock.pending).toBe(0)
  grid.start()
  clock.advance(1_000)
  expect(seen).toHaveLength(2)
  expect(clock.pending).toBe(0)
})

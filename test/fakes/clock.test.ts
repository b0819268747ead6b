import { expect, test } from 'vitest'
import { FakeClock } from './clock.ts'

test('calls timers in the order in which they fall due, each at its own moment', () => {
  const clock = new FakeClock()
  const start = clock.monotonicMs()
  const seen: string[] = []
  clock.after(20, () => seen.push(`b at ${clock.monotonicMs() - start}`))
  clock.after(10, () => {
    seen.push(`a at ${clock.monotonicMs() - start}`)
    clock.after(5, () => seen.push(`set by a at ${clock.monotonicMs() - start}`))
  })
  clock.advance(30)
  expect(seen).toEqual(['a at 10', 'set by a at 15', 'b at 20'])
  expect(clock.monotonicMs() - start).toBe(30)
})

test('does not call a timer that was cancelled, or that is not yet due', () => {
  const clock = new FakeClock()
  const seen: string[] = []
  const cancel = clock.after(10, () => seen.push('cancelled'))
  clock.after(31, () => seen.push('later'))
  cancel()
  clock.advance(30)
  expect(seen).toEqual([])
  expect(clock.pending).toBe(1)
  expect(clock.nextInMs).toBe(1)
})

test('lets awaiting code run on between two timers', async () => {
  const clock = new FakeClock()
  const seen: number[] = []
  const start = clock.monotonicMs()
  const pause = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve))
  const run = (async () => {
    for (let round = 0; round < 3; round++) {
      await pause(10)
      seen.push(clock.monotonicMs() - start)
    }
  })()
  await clock.advanceAsync(30)
  await run
  expect(seen).toEqual([10, 20, 30])
})

test('steps the wall clock without moving a timer', () => {
  const clock = new FakeClock(0)
  let calls = 0
  clock.after(10, () => calls++)
  clock.stepWall(7_200_000)
  expect(clock.now()).toBe(7_200_000)
  expect(calls).toBe(0)
})

import { expect, test } from 'vitest'
import { WriteLimits } from '../../src/kube/write-limits.ts'
import { FakeClock } from '../fakes/clock.ts'

/** Writes that a test ends when it likes. */
function writesOn(clock: FakeClock) {
  const limits = new WriteLimits(clock)
  const running: (() => void)[] = []
  let started = 0
  const write = (cost: 'ordinary' | 'first' = 'ordinary', lasts: 'briefly' | 'long' = 'briefly') =>
    limits.run(cost, async () => {
      started += 1
      if (lasts === 'long') await new Promise<void>((resolve) => running.push(resolve))
      return 'done'
    })
  return { write, running, started: () => started }
}

test('lets a burst of 100 through and then 50 a second', async () => {
  const clock = new FakeClock()
  const { write, started } = writesOn(clock)
  const all = Array.from({ length: 200 }, () => write())
  await clock.advanceAsync(0)
  expect(started()).toBe(100)
  await clock.advanceAsync(1_000)
  expect(started()).toBe(150)
  await clock.advanceAsync(1_000)
  expect(await Promise.all(all)).toHaveLength(200)
  expect(clock.pending).toBe(0)
})

test('lets the first status of each object through at twice the pace', async () => {
  const clock = new FakeClock()
  const { write, started } = writesOn(clock)
  const all = Array.from({ length: 400 }, () => write('first'))
  await clock.advanceAsync(0)
  expect(started()).toBe(200)
  await clock.advanceAsync(2_000)
  expect(started()).toBe(400)
  await Promise.all(all)
})

test('keeps at most 20 in flight', async () => {
  const clock = new FakeClock()
  const { write, running, started } = writesOn(clock)
  const all = Array.from({ length: 21 }, () => write('ordinary', 'long'))
  await clock.advanceAsync(10_000)
  expect(started()).toBe(20)
  running.shift()?.()
  await clock.advanceAsync(0)
  expect(started()).toBe(21)
  for (const end of running) end()
  await Promise.all(all)
})

test('tells a write whose turn does not come within 30 s', async () => {
  const clock = new FakeClock()
  const { write, running } = writesOn(clock)
  const held = Array.from({ length: 20 }, () => write('ordinary', 'long'))
  const late = write()
  await clock.advanceAsync(30_000)
  expect(await late).toBeUndefined()
  for (const end of running) end()
  await Promise.all(held)
})

import { expect, test } from 'vitest'
import { systemClock } from '../../src/program/system-clock.ts'

test('fires no earlier than asked for, by the monotonic clock', async () => {
  const startedMs = systemClock.monotonicMs()
  const firedMs = await new Promise<number>((resolve) =>
    systemClock.after(3, () => resolve(systemClock.monotonicMs())),
  )
  expect(firedMs - startedMs).toBeGreaterThanOrEqual(3)
})

test('does not fire at once for a delay that is longer than a timer of Node can be', async () => {
  let hasFired = false
  const cancel = systemClock.after(2 ** 31 + 10, () => {
    hasFired = true
  })
  await new Promise<void>((resolve) => systemClock.after(2, resolve))
  cancel()
  expect(hasFired).toBe(false)
})

test('does not fire once it was cancelled', async () => {
  let hasFired = false
  systemClock.after(1, () => {
    hasFired = true
  })()
  await new Promise<void>((resolve) => systemClock.after(5, resolve))
  expect(hasFired).toBe(false)
})

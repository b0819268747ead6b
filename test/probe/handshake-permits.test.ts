import { expect, test } from 'vitest'
import { HandshakePermits } from '../../src/probe/handshake-permits.ts'
import { Timers } from '../../src/probe/timers.ts'
import { FakeClock } from '../fakes/clock.ts'

const signal = new AbortController().signal

test('a permit that is given back goes to the next in the row', async () => {
  const clock = new FakeClock()
  const permits = new HandshakePermits(new Timers(clock), { limit: 1 })
  const giveBack = await permits.take(signal)
  expect(permits.isExhausted).toBe(true)
  const second = permits.take(signal)
  giveBack()
  giveBack() // Twice is once.
  ;(await second)()
  expect(permits.isExhausted).toBe(false)
  expect(clock.pending).toBe(0)
})

test('a silent peer holds its permit for 100 ms and no longer', async () => {
  const clock = new FakeClock()
  const permits = new HandshakePermits(new Timers(clock), { limit: 1 })
  await permits.take(signal)
  let taken = false
  void permits.take(signal).then(() => {
    taken = true
  })
  await clock.advanceAsync(99)
  expect(taken).toBe(false)
  await clock.advanceAsync(1)
  expect(taken).toBe(true)
})

test('whoever is withdrawn while waiting gets none', async () => {
  const clock = new FakeClock()
  const permits = new HandshakePermits(new Timers(clock), { limit: 1 })
  const giveBack = await permits.take(signal)
  const waiting = new AbortController()
  const rejected = expect(permits.take(waiting.signal)).rejects.toBe('withdrawn')
  waiting.abort('withdrawn')
  await rejected
  giveBack()
  expect(permits.isExhausted).toBe(false)
})

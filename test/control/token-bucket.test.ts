import { expect, test } from 'vitest'
import { TokenBucket } from '../../src/control/token-bucket.ts'
import { FakeClock } from '../fakes/clock.ts'

test('gives its burst at once, then one token after another', () => {
  const clock = new FakeClock()
  const bucket = new TokenBucket({ perSecond: 2, burst: 3 }, clock)
  expect([bucket.take(), bucket.take(), bucket.take(), bucket.take()]).toEqual([0, 0, 0, 500])
  clock.advance(500)
  expect([bucket.take(), bucket.take()]).toEqual([0, 500])
})

test('tells the wait without taking, and never holds more than its burst', () => {
  const clock = new FakeClock()
  const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, clock)
  clock.advance(60_000)
  expect([bucket.waitMs(), bucket.waitMs(), bucket.take(), bucket.waitMs()]).toEqual([0, 0, 0, 1_000])
})

test('has a token again that was given back, and never more than its burst', () => {
  const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, new FakeClock())
  bucket.take()
  bucket.giveBack()
  bucket.giveBack()
  expect([bucket.take(), bucket.take()]).toEqual([0, 1_000])
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Timers } from '../../src/probe/timers.ts'
import { FakeClock } from '../fakes/clock.ts'

test('every timer runs once, at its time, in order of time, and the cancelled ones never', () => {
  const step = fc.record({ delayMs: fc.integer({ min: 0, max: 50 }), cancelled: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const clock = new FakeClock()
      const timers = new Timers(clock)
      const ran: { index: number; atMs: number }[] = []
      const startMs = clock.monotonicMs()
      const set = steps.map(({ delayMs }, index) =>
        timers.after(delayMs, () => ran.push({ index, atMs: clock.monotonicMs() - startMs })),
      )
      set.forEach((timer, index) => {
        if (steps[index]?.cancelled) timers.cancel(timer)
      })
      clock.advance(60)
      const expected = steps.flatMap(({ cancelled, delayMs }, index) =>
        cancelled ? [] : [{ index, atMs: delayMs }],
      )
      expect(ran.toSorted((a, b) => a.index - b.index)).toEqual(expected)
      expect(ran.map(({ atMs }) => atMs)).toEqual(ran.map(({ atMs }) => atMs).toSorted((a, b) => a - b))
      expect([timers.size, clock.pending]).toEqual([0, 0])
    }),
  )
})

test('however many timers wait, the machine has one', () => {
  const clock = new FakeClock()
  const timers = new Timers(clock)
  for (let delayMs = 100; delayMs > 0; delayMs -= 1) timers.after(delayMs, () => {})
  expect(clock.pending).toBe(1)
  expect(clock.nextInMs).toBe(1)
})

test('a wake that comes early looks again instead of running', () => {
  let wake = () => {}
  let nowMs = 0
  const timers = new Timers({
    now: () => nowMs,
    monotonicMs: () => nowMs,
    after: (_delayMs, callback) => {
      wake = callback
      return () => {}
    },
  })
  let ran = 0
  timers.at(10, () => {
    ran += 1
  })
  nowMs = 9.6
  wake()
  expect(ran).toBe(0)
  nowMs = 10
  wake()
  expect(ran).toBe(1)
})

test('a timer may set and cancel others while it runs', () => {
  const clock = new FakeClock()
  const timers = new Timers(clock)
  const ran: string[] = []
  const victim = timers.after(5, () => ran.push('victim'))
  timers.after(5, () => ran.push('neighbour'))
  timers.after(1, () => {
    timers.cancel(victim)
    timers.after(2, () => ran.push('child'))
  })
  clock.advance(10)
  expect(ran).toEqual(['child', 'neighbour'])
})

test('one that throws does not stop those behind it', () => {
  const clock = new FakeClock()
  const timers = new Timers(clock)
  let ran = 0
  timers.after(1, () => {
    throw new Error('a defect')
  })
  timers.after(2, () => {
    ran += 1
  })
  expect(() => clock.advance(1)).toThrow('a defect')
  clock.advance(1)
  expect(ran).toBe(1)
})

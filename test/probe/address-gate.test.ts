import { expect, test } from 'vitest'
import { AddressGate } from '../../src/probe/address-gate.ts'
import { Timers } from '../../src/probe/timers.ts'
import { SlotSkipped } from '../../src/probe/trouble.ts'
import { FakeClock } from '../fakes/clock.ts'

function gate(limit: number) {
  const clock = new FakeClock()
  return { clock, gate: new AddressGate(new Timers(clock), { limit }) }
}

const signal = new AbortController().signal

test('only so many are let in to one address; another address is not concerned', async () => {
  const { gate: subject, clock } = gate(2)
  await subject.enter('10.0.0.1:80', signal)
  await subject.enter('10.0.0.1:80', signal)
  expect([subject.isFull('10.0.0.1:80'), subject.isFull('10.0.0.1:81')]).toEqual([true, false])
  const third = subject.enter('10.0.0.1:80', signal)
  const refused = expect(third).rejects.toBeInstanceOf(SlotSkipped)
  await subject.enter('10.0.0.1:81', signal)
  clock.advance(100)
  await refused
})

test('whoever leaves lets the one in who waited longest', async () => {
  const { gate: subject, clock } = gate(1)
  const leave = await subject.enter('10.0.0.1:80', signal)
  const entered: number[] = []
  const second = subject.enter('10.0.0.1:80', signal).then((leaving) => {
    entered.push(2)
    return leaving
  })
  void subject.enter('10.0.0.1:80', signal).then(() => entered.push(3))
  leave()
  const leaveAgain = await second
  expect(entered).toEqual([2])
  leaveAgain()
  await clock.advanceAsync(0)
  expect(entered).toEqual([2, 3])
  expect(clock.pending).toBe(0)
})

test('whoever is withdrawn while waiting takes no place', async () => {
  const { gate: subject, clock } = gate(1)
  const leave = await subject.enter('10.0.0.1:80', signal)
  const waiting = new AbortController()
  const rejected = expect(subject.enter('10.0.0.1:80', waiting.signal)).rejects.toBe('withdrawn')
  waiting.abort('withdrawn')
  await rejected
  leave()
  expect(subject.isFull('10.0.0.1:80')).toBe(false)
  expect(clock.pending).toBe(0)
})

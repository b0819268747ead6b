import { expect, test } from 'vitest'
import { Silences } from '../../src/evaluate/silences.ts'
import { silence } from './builders.ts'

const labels = new Map([
  ['namespace', 'shop'],
  ['target', 'checkout'],
])
const target = (value: string) => ({ name: 'target', value, isRegex: true, isEqual: true })

test('mutes from its start until just before its end', () => {
  const silences = new Silences()
  silences.set(silence({ startsAt: 10, endsAt: 20 }))
  expect([9, 10, 19, 20].map((now) => silences.muting(labels, now).length)).toEqual([0, 1, 1, 0])
})

test('all matchers of a silence must hold; the names of all that do are given', () => {
  const silences = new Silences()
  silences.set(silence({ uid: '2', name: 'b', matchers: [target('check.*')] }))
  silences.set(silence({ uid: '1', name: 'a' }))
  silences.set(silence({ uid: '3', name: 'c', matchers: [target('check.*'), target('cart')] }))
  expect(silences.muting(labels, 0)).toEqual(['a', 'b'])
})

test('an edit takes the place of the former silence, a removed one mutes no longer', () => {
  const silences = new Silences()
  silences.set(silence({ matchers: [target('cart')] }))
  silences.set(silence())
  expect(silences.muting(labels, 0)).toEqual(['migration'])
  silences.remove('uid-silence')
  expect(silences.muting(labels, 0)).toEqual([])
})

test('a pattern that RE2 does not read changes nothing', () => {
  const silences = new Silences()
  silences.set(silence())
  expect(() => silences.set(silence({ matchers: [target('(?=x)')] }))).toThrow()
  expect(silences.muting(labels, 0)).toEqual(['migration'])
})

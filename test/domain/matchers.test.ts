import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SilenceSpec } from '../../src/api/v1alpha1/silence.ts'
import type { Labels } from '../../src/domain/label-selector.ts'
import {
  canonicalMatchers,
  compileMatchers,
  printMatcher,
  sameMatchers,
  silenceMatchers,
} from '../../src/domain/matchers.ts'
import type { RemoteMatcher } from '../../src/domain/remote-silence.ts'

const candidates: readonly { readonly name: string; readonly labels: Labels }[] = [
  { name: 'cart', labels: { tier: 'front' } },
  { name: 'a.b', labels: { tier: 'front' } },
  { name: 'db', labels: {} },
]

function matchersOf(spec: Partial<SilenceSpec>): readonly string[] {
  return silenceMatchers({ comment: 'x', duration: '1h', ...spec }, 'shop', candidates).map(printMatcher)
}

describe('what a Silence mutes', () => {
  it('is always of its own namespace', () => {
    expect(matchersOf({ matchers: [{ name: 'alertname', matchType: '=~', value: 'Target.*' }] })).toEqual([
      'alertname=~"Target.*"',
      'namespace="shop"',
    ])
  })

  it('is a list of targets, quoted and sorted, names that nobody has included', () => {
    expect(
      matchersOf({ targets: { names: ['gone'], selector: { matchLabels: { tier: 'front' } } } }),
    ).toEqual(['namespace="shop"', String.raw`target=~"a\\.b|cart|gone"`])
  })

  it('is nothing when the selector finds no target', () => {
    const matchers = silenceMatchers(
      { comment: 'x', duration: '1h', targets: { selector: { matchLabels: { tier: 'back' } } } },
      'shop',
      candidates,
    )
    const mutes = compileMatchers(matchers)
    expect(mutes(new Map([['namespace', 'shop']]))).toBe(false)
    expect(
      mutes(
        new Map([
          ['namespace', 'shop'],
          ['target', 'cart'],
        ]),
      ),
    ).toBe(false)
  })

  it('is the same for the same matchers, however often and in whatever order they are written', () => {
    const one = { name: 'a', matchType: '!=' as const, value: 'x' }
    const two = { name: 'a', matchType: '!~' as const, value: 'y' }
    expect(matchersOf({ matchers: [one, two, one] })).toEqual(matchersOf({ matchers: [two, one] }))
    expect(matchersOf({ matchers: [one, two] })).toEqual(['a!="x"', 'a!~"y"', 'namespace="shop"'])
  })
})

const matcher: fc.Arbitrary<RemoteMatcher> = fc.record({
  name: fc.constantFrom('a', 'b', 'namespace'),
  value: fc.constantFrom('', 'x', 'y"', 'z'),
  isRegex: fc.boolean(),
  isEqual: fc.boolean(),
})

it('compares matchers as sets', () => {
  fc.assert(
    fc.property(fc.array(matcher), fc.array(matcher), (some, others) => {
      expect(sameMatchers(some, [...some, ...some].toReversed())).toBe(true)
      const texts = (list: readonly RemoteMatcher[]) => [...new Set(list.map(printMatcher))].toSorted().join()
      const isSame = texts(some) === texts(others)
      expect(sameMatchers(some, others)).toBe(isSame)
      expect(canonicalMatchers(canonicalMatchers(some))).toEqual(canonicalMatchers(some))
    }),
  )
})

it('matches as Alertmanager does: whole values, and an absent label as the empty text', () => {
  const matches = (printed: Omit<RemoteMatcher, 'name'>, value: string | undefined) =>
    compileMatchers([{ name: 'a', ...printed }])(new Map(value === undefined ? [] : [['a', value]]))
  const regex = (value: string, isEqual = true) => ({ value, isRegex: true, isEqual })
  expect(matches(regex('x|y'), 'y')).toBe(true)
  expect(matches(regex('x|y'), 'xy')).toBe(false)
  expect(matches(regex('x|y', false), 'xy')).toBe(true)
  expect(matches(regex('.*'), undefined)).toBe(true)
  expect(matches({ value: '', isRegex: false, isEqual: true }, undefined)).toBe(true)
  expect(matches({ value: 'x', isRegex: false, isEqual: false }, undefined)).toBe(true)
})

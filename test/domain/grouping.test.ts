import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  firstFlushInMs,
  groupKeyOf,
  groupLabelsOf,
  receiversFor,
  retryInMs,
  type Told,
  whyTold,
} from '../../src/domain/grouping.ts'
import type { Routing } from '../../src/domain/judged-policy.ts'

const routing: Routing = {
  routes: [
    { severities: ['critical'], receivers: ['oncall', 'mail', 'oncall'] },
    { severities: ['critical', 'warning'], receivers: ['team'] },
    { severities: ['debug'], receivers: [] },
    { receivers: ['mail'] },
  ],
  groupBy: ['alertname'],
  groupWaitMs: 30_000,
  groupIntervalMs: 300_000,
  repeatMs: 14_400_000,
  receivers: [],
}

describe('routing', () => {
  test('the first route that takes the severity decides, each receiver once', () => {
    expect(receiversFor(routing, 'critical')).toEqual(['oncall', 'mail'])
    expect(receiversFor(routing, 'warning')).toEqual(['team'])
  })

  test('a route without receivers ends the search: nobody is told', () => {
    expect(receiversFor(routing, 'debug')).toEqual([])
  })

  test('the last route takes what no other took', () => {
    expect(receiversFor(routing, 'info')).toEqual(['mail'])
  })
})

describe('group labels', () => {
  const labels = new Map([
    ['target', 'checkout'],
    ['alertname', 'TargetDown'],
  ])

  test('are sorted, each once; one that the alert lacks is left out', () => {
    const by = ['target', 'zone', 'alertname', 'target']
    expect([...groupLabelsOf(by, labels)]).toEqual([
      ['alertname', 'TargetDown'],
      ['target', 'checkout'],
    ])
  })

  test('are all labels for "..."', () => {
    expect([...groupLabelsOf(['...'], labels).keys()]).toEqual(['alertname', 'target'])
  })

  test('are none without names: then all alerts of a receiver are one group', () => {
    expect(groupLabelsOf([], labels).size).toBe(0)
  })
})

const owner = { namespace: 'shop', policy: 'front', receiver: 'oncall' }

test('a group key reads like one of Alertmanager', () => {
  expect(
    groupKeyOf(
      owner,
      new Map([
        ['alertname', 'A'],
        ['target', 'say "hi"'],
      ]),
    ),
  ).toBe('shop/front/oncall:{alertname="A", target="say \\"hi\\""}')
})

// Names of objects hold no slash; values of labels hold anything.
const objectName = fc.stringMatching(/^[a-z0-9-]{1,5}$/)
const labelName = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,5}$/)
const labelSet = fc
  .dictionary(labelName, fc.string({ unit: 'binary' }))
  .map((pairs) => new Map(Object.entries(pairs)))
const place = fc.record({ namespace: objectName, policy: objectName, receiver: objectName })

test('different groups never share a key', () => {
  fc.assert(
    fc.property(place, labelSet, place, labelSet, (placeA, labelsA, placeB, labelsB) => {
      const by = [...labelsA.keys(), ...labelsB.keys()]
      const a = groupLabelsOf(by, labelsA)
      const b = groupLabelsOf(by, labelsB)
      const isSame = JSON.stringify([placeA, [...a]]) === JSON.stringify([placeB, [...b]])
      expect(groupKeyOf(placeA, a) === groupKeyOf(placeB, b)).toBe(isSame)
    }),
  )
})

test('the order of labels and of grouping.by changes no key', () => {
  fc.assert(
    fc.property(labelSet, fc.infiniteStream(fc.nat()), (labels, numbers) => {
      const shuffled = [...labels]
        .map((pair) => ({ pair, by: numbers.next().value }))
        .toSorted((a, b) => a.by - b.by)
      const names = shuffled.map(({ pair: [name] }) => name)
      const key = groupKeyOf(owner, groupLabelsOf([...labels.keys()], labels))
      expect(groupKeyOf(owner, groupLabelsOf(names, new Map(shuffled.map(({ pair }) => pair))))).toBe(key)
    }),
  )
})

describe('whether the receiver must be told', () => {
  const repeatMs = 1_000
  const told = (firing: string[], resolved: string[] = []): Told => ({
    firing: new Set(firing),
    resolved: new Set(resolved),
    atMs: 0,
  })
  const why = (
    state: { firing?: string[]; resolved?: string[]; owed?: string[] },
    before?: Told,
    atMs = 500,
  ) => {
    const { firing = [], resolved = [], owed = [] } = state
    const sets = { firing: new Set(firing), resolved: new Set(resolved), owed: new Set(owed) }
    return whyTold(sets, before, { atMs, repeatMs })
  }

  test('of the first alert of a group', () => {
    expect(why({ firing: ['a'] })).toBe('first')
  })

  test('not of one that came and went before the first message', () => {
    expect(why({ resolved: ['a'] })).toBeUndefined()
  })

  test('of one that ended while its first message could not be delivered', () => {
    expect(why({ resolved: ['a'], owed: ['a'] })).toBe('resolved')
    expect(why({ resolved: ['a'], owed: ['b'] })).toBeUndefined()
  })

  test('of one more alert, and not again of the same ones', () => {
    expect(why({ firing: ['a', 'b'] }, told(['a']))).toBe('more-firing')
    expect(why({ firing: ['a'] }, told(['a', 'b']))).toBeUndefined()
  })

  test('once of a resolve', () => {
    expect(why({ resolved: ['a'] }, told(['a']))).toBe('resolved')
    expect(why({ firing: ['b'], resolved: ['a'] }, told(['a', 'b']))).toBe('resolved')
    expect(why({ firing: ['b'], resolved: ['a'] }, told(['b'], ['a']))).toBeUndefined()
    expect(why({ resolved: ['a'] }, told([], ['a']))).toBeUndefined()
  })

  test('not when all is muted or gone, however long ago the last message was', () => {
    expect(why({}, told(['a']), 99_999)).toBeUndefined()
  })

  test('again when the repeat interval has passed to the millisecond', () => {
    expect(why({ firing: ['a'] }, told(['a']), 999)).toBeUndefined()
    expect(why({ firing: ['a'] }, told(['a']), 1_000)).toBe('repeat')
  })

  test('never twice of one state within the repeat interval', () => {
    const some = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'))
    fc.assert(
      fc.property(some, some, (firing, ended) => {
        const resolved = ended.filter((alert) => !firing.includes(alert))
        expect(why({ firing, resolved }, told(firing, resolved))).toBeUndefined()
      }),
    )
  })
})

test('the wait for a first message counts from when the alert began to fire', () => {
  expect(firstFlushInMs({ startsAt: 100, now: 100, waitMs: 30 })).toBe(30)
  expect(firstFlushInMs({ startsAt: 100, now: 110, waitMs: 30 })).toBe(20)
  expect(firstFlushInMs({ startsAt: 100, now: 500, waitMs: 30 })).toBe(0)
  expect(firstFlushInMs({ startsAt: 100, now: 1, waitMs: 30 })).toBe(30) // The wall clock was set back.
})

test('retries wait 1 s doubling to 60 s, half more or less', () => {
  const middle = () => 0.5
  expect([1, 2, 3, 6, 7, 8, 1e9].map((failures) => retryInMs(failures, middle))).toEqual([
    1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000,
  ])
  expect(retryInMs(1, () => 0)).toBe(500)
  expect(retryInMs(1, () => 0.999)).toBeLessThan(1_500)
})

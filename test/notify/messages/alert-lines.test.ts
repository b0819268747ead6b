import { expect, test } from 'vitest'
import { alertLines } from '../../../src/notify/messages/alert-lines.ts'
import { languages } from '../../../src/notify/messages/words.ts'
import { firing, resolved } from '../../evaluate/builders.ts'

const start = Date.UTC(2026, 2, 1, 9)

function print(...[alert, now]: [ReturnType<typeof firing>, number]): readonly string[] {
  return alertLines(alert, now, languages.en).map(({ name, value }) => `${name}: ${value}`)
}

test('says since when and for how long it fires', () => {
  expect(print(firing({ startsAt: start }), start + 840_400)).toEqual([
    'severity: critical',
    'target: shop/checkout',
    'summary: checkout is down',
    'since: 2026-03-01 09:00:00 +00:00 (for 14m)',
  ])
})

test('says when it ended and how long it lasted', () => {
  expect(print(resolved(firing({ startsAt: start }), start + 3_661_000), 0).slice(-2)).toEqual([
    'since: 2026-03-01 09:00:00 +00:00',
    'ended: 2026-03-01 10:01:01 +00:00 (after 1h1m1s)',
  ])
})

test('a clock that was set back makes no negative time', () => {
  expect(print(firing({ startsAt: start }), start - 9_999).at(-1)).toBe(
    'since: 2026-03-01 09:00:00 +00:00 (for 0s)',
  )
})

test('what is not known has no line', () => {
  const bare = { ...firing({ startsAt: start }), labels: new Map(), annotations: new Map() }
  expect(print(bare, start)).toEqual(['since: 2026-03-01 09:00:00 +00:00 (for 0s)'])
})

import { expect, test } from 'vitest'
import { compileExpectation, matchesStatus, patternInputBytesMax } from '../../src/domain/expectation.ts'
import type { TextExpectation } from '../../src/domain/probe-entry.ts'

function compiled(expected: { status?: readonly string[]; body?: readonly TextExpectation[] }) {
  const result = compileExpectation({ status: expected.status ?? ['2xx'], body: expected.body ?? [] })
  if (!result.ok) throw new Error(result.message)
  return result.expectation
}

function judgeBody(body: readonly TextExpectation[], text: string): string {
  return compiled({ body }).judgeBody(new TextEncoder().encode(text)).kind
}

test.each([
  [['2xx'], [200, 201, 299], [199, 300, 404]],
  [
    ['200', '404'],
    [200, 404],
    [201, 204, 400],
  ],
  [['404'], [404], [200, 40, 4040]],
  [
    ['2xx', '304'],
    [204, 304],
    [301, 303],
  ],
  [['5XX'], [500, 599], [499, 600]],
] as const)('of %j exactly the listed statuses are accepted', (status, accepted, refused) => {
  const expectation = compiled({ status })
  expect(accepted.filter((code) => !expectation.isAcceptedStatus(code))).toEqual([])
  expect(refused.filter((code) => expectation.isAcceptedStatus(code))).toEqual([])
})

test('a class is a digit and two x, nothing else', () => {
  expect(matchesStatus('xx', 200)).toBe(false)
  expect(matchesStatus('2x', 200)).toBe(false)
  expect(matchesStatus('6xx', 600)).toBe(false)
})

const bodies: readonly (readonly [string, readonly TextExpectation[], string, 'holds' | 'broken'])[] = [
  ['no expectation holds for every body', [], 'anything', 'holds'],
  ['a wanted text is found anywhere', [{ contains: 'ok' }], '{"status":"ok"}', 'holds'],
  ['a wanted text that is missing fails', [{ contains: 'ok' }], 'no', 'broken'],
  ['a wanted text is missing in an empty body', [{ contains: 'ok' }], '', 'broken'],
  ['a text is no pattern', [{ contains: 'a.c' }], 'abc', 'broken'],
  ['a forbidden text fails', [{ notContains: 'error' }], 'an error', 'broken'],
  ['a forbidden text that is missing holds', [{ notContains: 'error' }], 'fine', 'holds'],
  ['a wanted pattern is searched for, not anchored', [{ matches: 'v[0-9]+' }], 'now v12.', 'holds'],
  ['anchors are honoured', [{ matches: '^v[0-9]+$' }], 'now v12', 'broken'],
  [
    'one of several forbidden patterns that matches fails',
    [{ notMatches: 'a' }, { notMatches: 'b' }],
    'b',
    'broken',
  ],
  ['all wanted patterns are needed', [{ matches: 'a' }, { matches: 'b' }], 'a', 'broken'],
  ['all wanted patterns present hold', [{ matches: 'a' }, { matches: 'b' }], 'ba', 'holds'],
  ['text beyond ASCII is compared as text', [{ contains: '正常' }], '服务正常', 'holds'],
]

test.each(bodies)('%s', (_sentence, body, text, kind) => {
  expect(judgeBody(body, text)).toBe(kind)
})

test('a broken expectation names itself and whether it was a pattern', () => {
  const judge = compiled({ body: [{ matches: '^ok$' }] }).judgeBody
  expect(judge(new TextEncoder().encode('no'))).toEqual({
    kind: 'broken',
    message: 'expected a body that matches ^ok$',
    byPattern: true,
  })
})

test('a pattern is never tried on a body beyond its limit, and never on a part of it', () => {
  const long = 'a'.repeat(patternInputBytesMax + 1)
  expect(judgeBody([{ matches: 'a' }], long)).toBe('too-large')
  expect(judgeBody([{ contains: 'a' }], long)).toBe('holds')
  expect(judgeBody([{ matches: 'a' }], long.slice(1))).toBe('holds')
})

test('a pattern that RE2 does not know is told, not thrown', () => {
  const result = compileExpectation({ status: ['2xx'], body: [{ matches: '(?=x)' }] })
  expect(result.ok).toBe(false)
})

test('a pattern that would hold V8 for a minute is answered at once', () => {
  expect(judgeBody([{ matches: '^(a+)+$' }], `${'a'.repeat(10_000)}!`)).toBe('broken')
})

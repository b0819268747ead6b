import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Outcome } from '../../src/domain/outcome.ts'
import {
  doubt,
  initialState,
  isUndecided,
  judge,
  type Verdict,
  type VerdictLimits,
  type VerdictState,
} from '../../src/domain/verdict.ts'

const facts = { startedAt: 0, durationSeconds: 0.1, phases: {}, attempts: 1, measurementDegraded: false }
const letters = {
  o: { ...facts, kind: 'ok', message: 'got 200' },
  s: { ...facts, kind: 'ok', soft: 'AssertionLatency', message: 'got 200 late' },
  f: { ...facts, kind: 'failed', reason: 'HttpStatus', message: 'got 503' },
  t: { ...facts, kind: 'failed', reason: 'TimeoutConnect', message: 'no connection' },
  u: { ...facts, kind: 'unknown', reason: 'InternalResolver', message: 'no resolver' },
} as const satisfies Record<string, Outcome>

const limits: VerdictLimits = { failureThreshold: 3, successThreshold: 1, intervalMs: 30_000 }

// Each letter is an outcome; `?` is three intervals without a conclusive one.
function after(outcomes: string, over: Partial<VerdictLimits> = {}, from = initialState(0)): VerdictState {
  let state = from
  let now = 0
  for (const letter of outcomes) {
    now += 1
    state =
      letter === '?'
        ? doubt(state, { reason: 'InternalOverload', message: 'not probed' }, now)
        : judge(state, letters[letter as keyof typeof letters], now, { ...limits, ...over })
  }
  return state
}

const table: readonly (readonly [
  sentence: string,
  outcomes: string,
  verdict: Verdict,
  over?: Partial<VerdictLimits>,
])[] = [
  ['nothing is known before the first outcome', '', 'Unknown'],
  ['one success is enough from Unknown', 'o', 'Healthy'],
  [
    'one success is enough from Unknown, whatever the success threshold',
    'o',
    'Healthy',
    { successThreshold: 5 },
  ],
  ['failures below the threshold leave Unknown', 'ff', 'Unknown'],
  ['failures at the threshold are Unhealthy', 'fff', 'Unhealthy'],
  ['failures below the threshold leave Healthy', 'off', 'Healthy'],
  ['a success clears the failures', 'offoff', 'Healthy'],
  ['failures of different reasons count together', 'oftf', 'Unhealthy'],
  ['an unknown outcome touches no count', 'ofufuf', 'Unhealthy'],
  ['unknown outcomes alone change no verdict', 'ouuuuuu', 'Healthy'],
  ['one success heals', 'offfo', 'Healthy'],
  ['with a success threshold fewer do not heal', 'offfoo', 'Unhealthy', { successThreshold: 3 }],
  ['with a success threshold as many heal', 'offfooo', 'Healthy', { successThreshold: 3 }],
  ['a failure starts the count of successes anew', 'offfoofoo', 'Unhealthy', { successThreshold: 3 }],
  ['slow successes below the threshold leave Healthy', 'oss', 'Healthy'],
  ['slow successes at the threshold are Degraded', 'osss', 'Degraded'],
  ['a fast success starts the count of slow ones anew', 'ossoss', 'Healthy'],
  ['a failure starts the count of slow ones anew', 'ossfs', 'Healthy'],
  ['a fast success leaves Degraded', 'ossso', 'Healthy'],
  [
    'with a success threshold fewer fast ones do not leave Degraded',
    'osssoos',
    'Degraded',
    { successThreshold: 3 },
  ],
  [
    'a slow one between starts the way out of Degraded anew',
    'osssoosoo',
    'Degraded',
    { successThreshold: 3 },
  ],
  ['failures lead from Degraded to Unhealthy', 'osssfff', 'Unhealthy'],
  ['failures below the threshold leave Degraded', 'osssff', 'Degraded'],
  ['slow successes heal, being successes', 'fffs', 'Healthy'],
  [
    'slow successes on the way out of Unhealthy may lead to Degraded',
    'fffsss',
    'Degraded',
    { successThreshold: 3 },
  ],
  ['nothing conclusive for too long is Unknown', 'o?', 'Unknown'],
  ['after Unknown the old count of failures goes on', 'off?f', 'Unhealthy'],
  ['after Unknown one success is Healthy', 'offf?o', 'Healthy'],
  ['a threshold of one needs one failure', 'of', 'Unhealthy', { failureThreshold: 1 }],
]

for (const [sentence, outcomes, verdict, over] of table) {
  test(sentence, () => {
    expect(after(outcomes, over).verdict).toBe(verdict)
  })
}

test('the state says since when and why', () => {
  expect(after('offff')).toMatchObject({
    verdict: 'Unhealthy',
    since: 4,
    reason: 'HttpStatus',
    message: 'got 503',
  })
  expect(after('offffo')).toMatchObject({ verdict: 'Healthy', since: 6, reason: '', message: '' })
  expect(after('osss')).toMatchObject({
    verdict: 'Degraded',
    reason: 'AssertionLatency',
    message: 'got 200 late',
  })
})

test('another reason replaces the shown one while the verdict stays', () => {
  expect(after('ffft')).toMatchObject({ verdict: 'Unhealthy', since: 3, reason: 'TimeoutConnect' })
})

test('the same reason keeps the first message, or status would be written at each probe', () => {
  const unhealthy = after('fff')
  const next = judge(unhealthy, { ...letters.f, message: 'got 503 after 2s' }, 9, limits)
  expect(next).toEqual({ ...unhealthy, lastConclusiveAt: 9 })
})

test('while nothing is known the reason of the latest outcome shows', () => {
  expect(after('u')).toMatchObject({ verdict: 'Unknown', reason: 'InternalResolver' })
  expect(after('uf')).toMatchObject({ verdict: 'Unknown', reason: 'HttpStatus' })
})

test('a state handed over after two of three failures needs one more', () => {
  const stored = structuredClone(after('off'))
  expect(after('f', {}, stored).verdict).toBe('Unhealthy')
})

test('an Unhealthy state handed over stays as it was, with the time it began', () => {
  const stored = structuredClone(after('offf'))
  expect(after('f', {}, stored)).toMatchObject({ verdict: 'Unhealthy', since: stored.since })
})

test('a verdict is undecided exactly while a count may change it', () => {
  expect(['', 'o', 'offf', 'osss', 'ou'].map((outcomes) => isUndecided(after(outcomes)))).toEqual([
    false,
    false,
    false,
    false,
    false,
  ])
  expect(['f', 'of', 'os', 'osssf'].map((outcomes) => isUndecided(after(outcomes)))).toEqual([
    true,
    true,
    true,
    true,
  ])
  expect(isUndecided(after('offfo', { successThreshold: 2 }))).toBe(true)
  expect(isUndecided(after('ossso', { successThreshold: 2 }))).toBe(true)
})

const outcomes = fc.stringMatching(/^[osftu?]{0,40}$/)
const anyLimits = fc.record({
  failureThreshold: fc.integer({ min: 1, max: 5 }),
  successThreshold: fc.integer({ min: 1, max: 5 }),
})

test('Unhealthy comes only at the end of enough failures in a row', () => {
  fc.assert(
    fc.property(outcomes, anyLimits, (sequence, over) => {
      const before = after(sequence.slice(0, -1), over)
      const now = after(sequence, over)
      if (now.verdict !== 'Unhealthy' || before.verdict === 'Unhealthy') return
      const conclusive = sequence.replace(/[u?]/g, '')
      expect(conclusive.slice(-over.failureThreshold)).toMatch(new RegExp(`^[ft]{${over.failureThreshold}}$`))
    }),
  )
})

test('enough failures in a row are always Unhealthy, enough fast successes always Healthy', () => {
  fc.assert(
    fc.property(outcomes, anyLimits, (sequence, over) => {
      expect(after(sequence + 'f'.repeat(over.failureThreshold), over).verdict).toBe('Unhealthy')
      expect(after(sequence + 'o'.repeat(over.successThreshold), over).verdict).toBe('Healthy')
    }),
  )
})

test('Healthy has no reason, every other verdict that was ever judged has one', () => {
  fc.assert(
    fc.property(outcomes, anyLimits, (sequence, over) => {
      const { verdict, reason, message } = after(sequence, over)
      if (verdict === 'Healthy') expect([reason, message]).toEqual(['', ''])
      else if (sequence !== '') expect(reason).not.toBe('')
    }),
  )
})

test('repeating an outcome comes to rest: counts do not grow without end', () => {
  fc.assert(
    fc.property(outcomes, fc.constantFrom('o', 's', 'f', 'u'), anyLimits, (sequence, letter, over) => {
      const settled = after(sequence + letter.repeat(12), over)
      const once = judge(settled, letters[letter as 'o'], 99, { ...limits, ...over })
      expect({ ...once, lastConclusiveAt: 0 }).toEqual({ ...settled, lastConclusiveAt: 0 })
    }),
  )
})

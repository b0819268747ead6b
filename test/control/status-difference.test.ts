import { expect, test } from 'vitest'
import { isNews, ownedPart } from '../../src/control/status-difference.ts'

const ready = {
  type: 'Ready',
  status: 'True',
  reason: 'Probing',
  message: 'probed every 30s',
  lastTransitionTime: 'a',
}
const healthy = {
  type: 'Healthy',
  status: 'True',
  reason: 'AnsweredAsExpected',
  message: 'all hold',
  lastTransitionTime: 'b',
}
const stored = {
  observedGeneration: 1,
  type: 'http',
  verdict: 'Healthy',
  since: 's',
  conditions: [ready, healthy],
}
const ofController = { observedGeneration: 1, type: 'http', conditions: [ready] }
const ofProber = { verdict: 'Healthy', since: 's', conditions: [healthy] }

test('splits a status between its two managers without a rest', () => {
  expect(ownedPart(stored, 'roundsman/controller')).toEqual(ofController)
  expect(ownedPart(stored, 'roundsman/prober')).toEqual(ofProber)
})

test('takes equal content in another order for no news', () => {
  const wanted = {
    conditions: [{ ...ready, lastTransitionTime: 'later' }],
    type: 'http',
    observedGeneration: 1,
  }
  expect(isNews(stored, wanted, 'roundsman/controller')).toBe(false)
})

test.each([
  [
    'a number in a message',
    { ...ofController, conditions: [{ ...ready, message: 'probed every 60s' }] },
    false,
  ],
  ['another sentence', { ...ofController, conditions: [{ ...ready, message: 'target b is missing' }] }, true],
  ['another reason', { ...ofController, conditions: [{ ...ready, reason: 'Suspended' }] }, true],
  ['a new generation', { ...ofController, observedGeneration: 2 }, true],
  ['a condition that is there no more', { ...ofController, conditions: [] }, true],
  ['a field that is there no more', { observedGeneration: 1, conditions: [ready] }, true],
])('judges %s of the controller', (_what, wanted, expected) => {
  expect(isNews(stored, wanted, 'roundsman/controller')).toBe(expected)
})

test.each([
  ['another verdict', { ...ofProber, verdict: 'Unhealthy' }, true],
  ['a later since with the same verdict, as after a restart', { ...ofProber, since: 't' }, false],
  ['a message', { ...ofProber, conditions: [{ ...healthy, message: 'all hold still' }] }, false],
])('judges %s of the prober', (_what, wanted, expected) => {
  expect(isNews(stored, wanted, 'roundsman/prober')).toBe(expected)
})

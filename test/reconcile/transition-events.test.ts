import { expect, test } from 'vitest'
import type { KubeObject } from '../../src/domain/kube-object.ts'
import type { WantedCondition } from '../../src/reconcile/conditions.ts'
import { transitionEvents } from '../../src/reconcile/transition-events.ts'

const now = Date.UTC(2026, 0, 1, 12)

function condition(type: string, status: string, reason: string): WantedCondition {
  return { type, status, reason, message: `${type} is ${status}` } as WantedCondition
}

function told(before: readonly WantedCondition[], wanted: readonly WantedCondition[]): string[] {
  const object: KubeObject = {
    apiVersion: 'roundsman.dev/v1alpha1',
    kind: 'InspectionTarget',
    metadata: { name: 'checkout', namespace: 'shop', uid: 'u1' },
    status: { conditions: before.map((held) => ({ ...held, lastTransitionTime: '2026-01-01T11:58:00Z' })) },
  }
  return transitionEvents(object, wanted, now).map(({ type, reason, note }) => `${type} ${reason}: ${note}`)
}

const good = condition('Healthy', 'True', 'AnsweredAsExpected')
const bad = condition('Healthy', 'False', 'HttpStatus')
const doubt = condition('Healthy', 'Unknown', 'InternalResolver')
const degraded = condition('Degraded', 'True', 'AssertionLatency')
const swift = condition('Degraded', 'False', 'WithinLimits')

test.each<[string, readonly WantedCondition[], readonly WantedCondition[], string[]]>([
  ['a first good verdict is no news', [], [good, swift], []],
  ['a first bad one is', [], [bad], ['Warning HttpStatus: Healthy is False']],
  ['a verdict after first doubt is no news when it is good', [doubt], [good], []],
  ['a failure is told', [good], [bad], ['Warning HttpStatus: Healthy is False']],
  [
    'another reason for it is told',
    [bad],
    [condition('Healthy', 'False', 'ConnectRefused')],
    ['Warning ConnectRefused: Healthy is False'],
  ],
  ['the same failure is not told twice', [bad], [bad], []],
  [
    'a recovery says how long it lasted',
    [bad],
    [good],
    ['Normal AnsweredAsExpected: Healthy is True after 2m'],
  ],
  ['doubt about what was well is told', [good], [doubt], ['Warning InternalResolver: Healthy is Unknown']],
  ['slowness and its end are told', [degraded], [swift], ['Normal WithinLimits: Degraded is False after 2m']],
  [
    'a silence that begins to mute is told',
    [],
    [condition('Active', 'True', 'Active')],
    ['Normal Active: Active is True'],
  ],
  ['a silence that waits is not told', [], [condition('Active', 'False', 'Pending')], []],
  [
    'the end of a silence is told, as no warning',
    [condition('Active', 'True', 'Active')],
    [condition('Active', 'False', 'Expired')],
    ['Normal Expired: Active is False'],
  ],
])('%s', (_what, before, wanted, expected) => {
  expect(told(before, wanted)).toEqual(expected)
})

import { expect, test } from 'vitest'
import { transitionLines } from '../../src/cli/transitions.ts'
import { alert, now, problem, standing, target } from './standing-builders.ts'

const bad = target('checkout', { verdict: 'Unhealthy', since: now - 60_000, why: 'got 503\nfrom 10.2.3.4' })

test('the first look tells every verdict but those that wait, and every alert', () => {
  const waiting = { namespace: 'shop', name: 'new', verdict: 'Waiting', why: '' } as const
  expect(
    transitionLines(undefined, standing({ targets: [bad, waiting], alerts: [alert('checkout')] }), now),
  ).toEqual([
    '15:04:05 ✗ Unhealthy shop/checkout: got 503 from 10.2.3.4',
    '15:04:05 ✗ firing TargetDown shop/checkout (critical, rule down of shop/front)',
  ])
})

test('nothing is told while nothing changes, though a message does', () => {
  const before = standing({ targets: [bad], alerts: [alert('checkout')], problems: [problem] })
  const after = { ...before, targets: [{ ...bad, why: 'got 502' }] }
  expect(transitionLines(before, after, now)).toEqual([])
})

test('a recovery says how long the trouble lasted', () => {
  const before = standing({ targets: [bad], alerts: [alert('checkout')] })
  const after = standing({ targets: [target('checkout', { since: now })] })
  expect(transitionLines(before, after, now)).toEqual([
    '15:04:05 ✔ Healthy shop/checkout (was Unhealthy for 60s)',
    '15:04:05 ✔ resolved TargetDown shop/checkout (critical, rule down of shop/front)',
  ])
})

test('a removed target, a new problem of a file and a silenced alert are told', () => {
  const silenced = alert('orders', { silencedBy: ['night'] })
  const after = standing({ alerts: [silenced], problems: [problem] })
  expect(transitionLines(standing({ targets: [bad] }), after, now)).toEqual([
    '15:04:05 ✗ a.yaml:3: cannot be read as YAML: bad indentation',
    '15:04:05 - Removed shop/checkout',
    '15:04:05 ✗ firing TargetDown shop/orders (critical, rule down of shop/front) (silenced by night)',
  ])
})

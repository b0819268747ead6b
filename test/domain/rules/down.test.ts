import { expect, it } from 'vitest'
import type { RuleDefinition } from '../../../src/domain/judged-policy.ts'
import { judgeRule, rulePromQL } from '../../../src/domain/rules/registry.ts'
import type { Verdict } from '../../../src/domain/verdict.ts'
import { sample } from './samples.ts'

const rule: RuleDefinition = {
  kind: 'down',
  name: 'down',
  alert: 'TargetDown',
  severity: 'critical',
  forMs: 0,
}

const judge = (verdict: Verdict, wasFiring: boolean) =>
  judgeRule(rule, [sample(0, { verdict })], 10_000, wasFiring).fires

it('fires while the verdict is Unhealthy, whatever came before', () => {
  expect(judge('Unhealthy', false)).toBe(true)
  expect(judge('Unhealthy', true)).toBe(true)
})

it('goes on firing through Unknown, and does not begin there', () => {
  expect(judge('Unknown', true)).toBe(true)
  expect(judge('Unknown', false)).toBe(false)
})

it('ends when the target answers, well or slowly', () => {
  expect(judge('Healthy', true)).toBe(false)
  expect(judge('Degraded', true)).toBe(false)
})

it('goes on firing through a gap of the series', () => {
  expect(judgeRule(rule, [], 0, true).fires).toBe(true)
  expect(judgeRule(rule, [sample(0)], 300_000, true).fires).toBe(true)
  expect(judgeRule(rule, [sample(0), { atMs: 15_000, scraped: undefined }], 15_000, true).fires).toBe(true)
})

it('is the same in PromQL: the verdict, or firing and not answered', () => {
  const scope = { namespace: 'shop', policy: 'p', targets: ['a.b', 'c'] }
  const named = String.raw`namespace="shop",target=~"a\\.b|c"`
  expect(rulePromQL(rule, scope)).toBe(
    [
      `max by (namespace, target) (roundsman_target_verdict{${named},verdict="Unhealthy"}) == 1`,
      `or max by (namespace, target) (ALERTS{roundsman_policy="shop/p",roundsman_rule="down",${named},alertstate="firing"})`,
      `unless on (namespace, target) max by (namespace, target) (roundsman_target_verdict{${named},verdict=~"Healthy|Degraded|Unhealthy"}) == 1`,
    ].join(' '),
  )
})

import { describe, expect, it } from 'vitest'
import type { RuleDefinition, ScrapedTarget } from '../../../src/domain/judged-policy.ts'
import { alertTexts, judgeRule, lookbackMs, rulePromQL } from '../../../src/domain/rules/registry.ts'
import { sample } from './samples.ts'

const rule: RuleDefinition = {
  kind: 'latency',
  name: 'slow',
  alert: 'TargetSlow',
  severity: 'warning',
  forMs: 0,
  quantile: 0.5,
  aboveSeconds: 0.8,
  windowMs: 60_000,
  minProbes: 3,
}

/** One scrape and one good probe of this duration every 15 s, up to second 60. */
function probed(seconds: number, changes: Partial<ScrapedTarget> = {}) {
  return [15, 30, 45, 60].map((second, index) =>
    sample(second, {
      okDurationSeconds: seconds,
      probesTotal: { ok: 100 + index, degraded: 0, failed: 0, unknown: 0 },
      ...changes,
    }),
  )
}

it('fires while the quantile is above the limit, over enough probes', () => {
  expect(judgeRule(rule, probed(0.9), 60_000, false)).toEqual({ fires: true, value: 0.9 })
  expect(judgeRule(rule, probed(0.8), 60_000, false).fires).toBe(false)
})

it('counts degraded probes, and does not fire on too few', () => {
  const few = probed(0.9, { probesTotal: { ok: 100, degraded: 0, failed: 50, unknown: 0 } })
  expect(judgeRule(rule, few, 60_000, false).fires).toBe(false)
  const degraded = [15, 30, 45, 60].map((second, index) =>
    sample(second, {
      okDurationSeconds: 0.9,
      probesTotal: { ok: 100, degraded: 50 + index, failed: 0, unknown: 0 },
    }),
  )
  expect(judgeRule(rule, degraded, 60_000, false).fires).toBe(true)
})

describe('once it fires', () => {
  const silent = probed(0.9, {
    okDurationSeconds: undefined,
    probesTotal: { ok: 100, degraded: 0, failed: 0, unknown: 0 },
  })

  it('is held while too few probes answer', () => {
    expect(judgeRule(rule, silent, 60_000, true)).toEqual({ fires: true })
    expect(judgeRule(rule, silent, 60_000, false)).toEqual({ fires: false })
    expect(judgeRule(rule, [], 60_000, true)).toEqual({ fires: true })
  })

  it('ends when enough probes are fast again', () => {
    expect(judgeRule(rule, probed(0.1), 60_000, true).fires).toBe(false)
  })

  it('ends when the target is down: then another rule speaks', () => {
    const down = silent.map(({ atMs, scraped }) => ({
      atMs,
      scraped: { ...scraped!, verdict: 'Unhealthy' as const },
    }))
    expect(judgeRule(rule, down, 60_000, true).fires).toBe(false)
  })
})

it('looks back over its window, and 5 minutes at least', () => {
  expect(lookbackMs(rule)).toBe(300_000)
  expect(lookbackMs({ ...rule, windowMs: 3_600_000 })).toBe(3_600_000)
})

it('is the same in PromQL', () => {
  const named = 'namespace="shop",target=~"a"'
  const count = `sum by (namespace, target) (increase(roundsman_probes_total{${named},result=~"ok|degraded"}[1m])) >= 3`
  expect(rulePromQL(rule, { namespace: 'shop', policy: 'p', targets: ['a'] })).toBe(
    [
      `max by (namespace, target) (quantile_over_time(0.5, roundsman_probe_ok_duration_seconds{${named}}[1m])) > 0.8`,
      `and ${count}`,
      `or max by (namespace, target) (ALERTS{roundsman_policy="shop/p",roundsman_rule="slow",${named},alertstate="firing"})`,
      `unless on (namespace, target) (${count}`,
      `or max by (namespace, target) (roundsman_target_verdict{${named},verdict="Unhealthy"}) == 1)`,
    ].join(' '),
  )
})

it('says what it compares', () => {
  expect(alertTexts(rule, { namespace: 'shop', target: 'checkout' })).toEqual({
    summary: 'checkout is slow',
    description: 'quantile 0.5 of the probe time of checkout is above 800ms over 1m',
  })
})

import { describe, expect, test } from 'vitest'
import type { JudgedPolicy } from '../../src/domain/judged-policy.ts'
import type { TimedSample } from '../../src/domain/rules/rule-face.ts'
import { evaluate, type TrackedAlert, watchesOf, withdrawAll } from '../../src/evaluate/evaluation.ts'
import type { Alert } from '../../src/evaluate/ports.ts'
import { downRule, policy, scraped, slowRule, unhealthy } from './builders.ts'

const wall = Date.UTC(2026, 0, 1)

/** Evaluates after each scrape, 15 s apart, and gives what the last evaluation found. */
function run(
  judged: JudgedPolicy,
  scrapes: readonly TimedSample['scraped'][],
  before: ReadonlyMap<string, TrackedAlert> = new Map(),
) {
  const samples: TimedSample[] = []
  let found = { tracked: before, alerts: [] as readonly Alert[], defects: [] as readonly unknown[] }
  for (const [index, scrape] of scrapes.entries()) {
    const atMs = index * 15_000
    samples.push({ atMs, scraped: scrape })
    const moment = { atMs, now: wall + atMs }
    found = evaluate({
      policy: judged,
      watches: watchesOf(judged),
      tracked: found.tracked,
      samplesOf: () => samples,
      moment,
    })
  }
  return found
}

describe('an alert of Direct delivery', () => {
  const [alert] = run(policy(), [unhealthy()]).alerts

  test('carries the labels that Prometheus would give it, sorted', () => {
    expect([...alert!.labels]).toEqual([
      ['alertname', 'TargetDown'],
      ['namespace', 'shop'],
      ['roundsman_policy', 'shop/front'],
      ['roundsman_rule', 'down'],
      ['roundsman_rule_kind', 'down'],
      ['severity', 'critical'],
      ['target', 'checkout'],
    ])
  })

  test('says what is wrong in the words of the probe', () => {
    expect(Object.fromEntries(alert!.annotations)).toEqual({
      summary: 'checkout is down',
      description:
        'the probes of checkout failed as often in a row as its failureThreshold allows, so its verdict is Unhealthy',
      reason: 'HttpStatus: expected 2xx, got 503 from 10.2.3.4 after 1.2s',
    })
  })

  test('of latency says what was expected and what was got', () => {
    const probes = (ok: number) => ({ ok, degraded: 0, failed: 0, unknown: 0 })
    const slow = (ok: number) => scraped({ okDurationSeconds: 1.2346, probesTotal: probes(ok) })
    const { alerts } = run(policy({ rules: [slowRule] }), [slow(1), slow(2), slow(3), slow(4)])
    expect(Object.fromEntries(alerts[0]!.annotations)).toEqual({
      summary: 'checkout is slow',
      description:
        'quantile 0.95 of the probe time of checkout is above 800ms over 1m; expected at most 800ms, got 1.235s',
    })
  })

  test('goes on saying what was found last while it is held through doubt', () => {
    const unknown = scraped({
      verdict: 'Unknown',
      failureReason: 'InternalResolver',
      message: 'our resolver is silent',
    })
    const { alerts } = run(policy(), [unhealthy(), unknown])
    expect(alerts).toHaveLength(1)
    expect(alerts[0]!.status).toBe('firing')
    expect(alerts[0]!.annotations.get('reason')).toMatch(/^HttpStatus: /)
  })
})

test('tells the end of an alert once, with both times', () => {
  const { alerts, tracked } = run(policy(), [unhealthy(), scraped()])
  expect(alerts).toMatchObject([{ status: 'resolved', startsAt: wall, endsAt: wall + 15_000 }])
  expect(tracked.size).toBe(0)
  expect(run(policy(), [unhealthy(), scraped(), scraped()]).alerts).toEqual([])
})

test('tells nothing of what is only pending, and nothing of its end', () => {
  const patient = policy({ rules: [{ ...downRule, forMs: 60_000 }] })
  const { alerts, tracked } = run(patient, [unhealthy()])
  expect(alerts).toEqual([])
  expect([...tracked.values()].map(({ state }) => state.phase)).toEqual(['pending'])
  expect(run(patient, [unhealthy(), scraped()]).alerts).toEqual([])
})

test('judges every rule on every target, each by itself', () => {
  const judged = policy({ rules: [downRule, slowRule], targets: ['cart', 'checkout'] })
  expect(watchesOf(judged)).toHaveLength(4)
  expect(new Set(watchesOf(judged).map(({ fingerprint }) => fingerprint)).size).toBe(4)
})

describe('what is no longer judged ends', () => {
  const before = run(policy({ targets: ['cart', 'checkout'] }), [unhealthy()])

  test('and says that this is no sign of health', () => {
    const { alerts } = run(policy(), [unhealthy()], before.tracked)
    const ended = alerts.filter(({ status }) => status === 'resolved')
    expect(ended.map(({ labels }) => labels.get('target'))).toEqual(['cart'])
    expect(ended[0]!.annotations.get('reason')).toMatch(/no longer judged/)
  })

  test('also by a change of severity, which makes another alert', () => {
    const milder = policy({ rules: [{ ...downRule, severity: 'info' }] })
    const { alerts } = run(milder, [unhealthy()], run(policy(), [unhealthy()]).tracked)
    expect(alerts.map(({ status, labels }) => [status, labels.get('severity')])).toEqual([
      ['firing', 'info'],
      ['resolved', 'critical'],
    ])
  })

  test('with the whole policy', () => {
    expect(withdrawAll(before.tracked, wall).map(({ status }) => status)).toEqual(['resolved', 'resolved'])
  })
})

test('a rule that cannot be judged leaves its alert as it was and harms no other', () => {
  const judged = policy({ targets: ['cart', 'checkout'] })
  const { tracked } = run(judged, [unhealthy()])
  const broken = new Error('boom')
  const found = evaluate({
    policy: judged,
    watches: watchesOf(judged),
    tracked,
    samplesOf: (target) => {
      if (target === 'cart') throw broken
      return [{ atMs: 15_000, scraped: scraped() }]
    },
    moment: { atMs: 15_000, now: wall },
  })
  expect(found.defects.map(({ watch, error }) => [watch.target, error])).toEqual([['cart', broken]])
  expect(found.alerts.map(({ status, labels }) => `${status} ${labels.get('target')}`)).toEqual([
    'firing cart',
    'resolved checkout',
  ])
})

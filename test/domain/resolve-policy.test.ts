import { describe, expect, it } from 'vitest'
import type { AlertPolicySpec, Rule } from '../../src/api/v1alpha1/alert-policy.ts'
import { resolvePolicy, resolveRule } from '../../src/domain/resolve-policy.ts'

const identity = { uid: 'uid', namespace: 'shop', name: 'p' }
const every30s = [{ name: 'checkout', intervalMs: 30_000 }]
const down: Rule = { name: 'down', severity: 'critical', down: {} }

function latency(member: Partial<NonNullable<Rule['latency']>> = {}): Rule {
  return { name: 'slow', severity: 'warning', latency: { quantile: '0.95', above: '800ms', ...member } }
}

function policy(changes: Partial<AlertPolicySpec>) {
  return resolvePolicy(identity, { targets: { selector: {} }, rules: [down], ...changes }, every30s).policy
}

describe('rules', () => {
  it('get their default names and times', () => {
    expect(resolveRule(down, every30s)).toEqual({
      name: 'down',
      alert: 'TargetDown',
      severity: 'critical',
      kind: 'down',
      forMs: 0,
    })
    expect(resolveRule(latency(), every30s)).toMatchObject({
      alert: 'TargetSlow',
      quantile: 0.95,
      aboveSeconds: 0.8,
      windowMs: 300_000,
      minProbes: 5,
      forMs: 180_000,
    })
  })

  it('are left out alone when a newer version made their kind', () => {
    expect(resolveRule({ name: 'flap', severity: 'info' }, every30s)).toEqual({
      rule: 'flap',
      message: 'rule flap: its kind is not known to this version of Roundsman, which knows down, latency',
    })
  })

  it.each([
    [1_000, 10],
    [15_000, 10],
    [60_000, 2],
    [180_000, 1],
  ])('judge, of a target probed every %d ms, at least %d probes', (intervalMs, minProbes) => {
    const targets = [
      { name: 'fast', intervalMs: 1_000 },
      { name: 'slowest', intervalMs },
    ]
    expect(resolveRule(latency(), targets)).toMatchObject({ minProbes })
  })

  it('are refused where the window cannot hold the probes, naming the slowest target', () => {
    const told =
      'rule slow: window 5m is too short for minProbes 10 of target checkout, which is probed every 30s'
    expect(resolveRule(latency({ minProbes: 10 }), every30s)).toEqual({
      rule: 'slow',
      message: `${told}; make the window 8m20s or longer, or lower minProbes`,
    })
    expect(resolveRule(latency({ minProbes: 10, window: '8m20s' }), every30s)).toMatchObject({
      minProbes: 10,
    })
    expect(resolveRule(latency({ minProbes: 6 }), every30s)).toMatchObject({ minProbes: 6 })
    expect(resolveRule(latency({ minProbes: 7 }), every30s)).toHaveProperty('message')
  })

  it('are left out one by one', () => {
    const { policy, ruleProblems } = resolvePolicy(
      identity,
      { targets: { selector: {} }, rules: [latency({ minProbes: 100 }), down] },
      every30s,
    )
    expect(policy.rules.map((rule) => rule.name)).toEqual(['down'])
    expect(ruleProblems.map((problem) => problem.rule)).toEqual(['slow'])
  })
})

describe('routing', () => {
  const receiver = (name: string) => ({
    name,
    webhook: { urlFrom: { secretKeyRef: { name: 's', key: 'k' } } },
  })

  it('has its defaults', () => {
    expect(policy({}).routing).toEqual({
      routes: [{ receivers: [] }],
      groupBy: ['alertname', 'namespace', 'target'],
      groupWaitMs: 30_000,
      groupIntervalMs: 300_000,
      repeatMs: 14_400_000,
      receivers: [],
    })
  })

  it('ends with a route to the default receiver, which the only receiver is', () => {
    expect(policy({ receivers: [receiver('a')] }).routing.routes).toEqual([{ receivers: ['a'] }])
    const routes = [{ severities: ['debug' as const], receivers: [] }]
    const two = policy({ receivers: [receiver('a'), receiver('b')], defaultReceiver: 'b', routes })
    expect(two.routing.routes).toEqual([...routes, { receivers: ['b'] }])
  })
})

it('sorts the targets', () => {
  const targets = ['b', 'a'].map((name) => ({ name, intervalMs: 1000 }))
  const { policy } = resolvePolicy(identity, { targets: { selector: {} }, rules: [down] }, targets)
  expect(policy.targets).toEqual(['a', 'b'])
})

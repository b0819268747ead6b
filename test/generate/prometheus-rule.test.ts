import { describe, expect, it } from 'vitest'
import type { JudgedPolicy, RuleDefinition } from '../../src/domain/judged-policy.ts'
import { oversizedRules, prometheusRules, ruleBytesMax } from '../../src/generate/prometheus-rule.ts'

const down = (name: string): RuleDefinition => ({
  kind: 'down',
  name,
  alert: 'TargetDown',
  severity: 'critical',
  forMs: 0,
})

function policy(targetCount: number, ruleCount: number): JudgedPolicy {
  return {
    uid: 'uid',
    namespace: 'shop',
    name: 'p',
    targets: Array.from({ length: targetCount }, (_, index) => `target-${String(index).padStart(5, '0')}`),
    rules: Array.from({ length: ruleCount }, (_, index) => down(`rule-${index}`)),
    routing: {
      routes: [{ receivers: [] }],
      groupBy: [],
      groupWaitMs: 0,
      groupIntervalMs: 0,
      repeatMs: 0,
      receivers: [],
    },
  }
}

const owner = { namespace: 'shop', name: 'p', uid: 'uid' }

/** Object name -> names of its groups. */
function groupsOf(judged: JudgedPolicy): ReadonlyMap<string, readonly string[]> {
  const objects = prometheusRules({ policy: judged, owner, labels: {} })
  return new Map(
    objects.map((object) => {
      expect(Buffer.byteLength(JSON.stringify(object.spec))).toBeLessThan(524_288)
      const { groups } = object.spec as { groups: { name: string }[] }
      return [object.metadata.name, groups.map((group) => group.name)]
    }),
  )
}

it('puts each rule into a group of its own, in one object', () => {
  expect(groupsOf(policy(1, 2))).toEqual(
    new Map([['roundsman-p', ['roundsman.shop.p.rule-0', 'roundsman.shop.p.rule-1']]]),
  )
})

it('makes no object without a target', () => {
  expect(groupsOf(policy(0, 2)).size).toBe(0)
})

describe('above 400 KiB', () => {
  it('is split over numbered objects, each group whole', () => {
    const split = groupsOf(policy(2_000, 12))
    expect(split.size).toBeGreaterThan(1)
    expect([...split.values()].flat().toSorted()).toHaveLength(12)
    for (const name of split.keys()) expect(name).toMatch(/^roundsman-p-\d+$/)
  })

  it('leaves every group where it is when another one comes or goes', () => {
    const placeOf = (split: ReadonlyMap<string, readonly string[]>) =>
      new Map([...split].flatMap(([name, groups]) => groups.map((group) => [group, name] as const)))
    const before = placeOf(groupsOf(policy(2_000, 12)))
    const after = placeOf(groupsOf(policy(2_000, 13)))
    for (const [group, name] of before) expect(after.get(group)).toBe(name)
  })

  it('names the rule that alone is too large', () => {
    expect(oversizedRules(policy(2_000, 1))).toEqual([])
    const huge = policy(12_000, 1)
    expect(oversizedRules(huge)).toEqual(['rule-0'])
    expect(ruleBytesMax).toBeLessThan(524_288)
    expect(oversizedRules({ ...huge, targets: [] })).toEqual([])
  })
})

it('lets no text become a template', () => {
  const hostile = { ...policy(1, 0), name: 'p{{ query "up" }}', rules: [down('{{ x }}')] }
  const [object] = prometheusRules({ policy: hostile, owner, labels: {} })
  const { groups } = object!.spec as { groups: { rules: { labels: Record<string, string> }[] }[] }
  expect(groups[0]?.rules[0]?.labels).toMatchObject({
    roundsman_policy: 'shop/p{{ "{{" }} query "up" }}',
    roundsman_rule: '{{ "{{" }} x }}',
  })
})

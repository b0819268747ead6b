import { describe, expect, test } from 'vitest'
import type { ScrapedTarget } from '../../src/domain/judged-policy.ts'
import { createJudge, type JudgeOptions } from '../../src/evaluate/judge.ts'
import { FakeClock } from '../fakes/clock.ts'
import { FakeLog } from '../fakes/log.ts'
import {
  downRule,
  FakeNotifier,
  failure,
  policy,
  routing,
  scraped,
  silence,
  slowRule,
  unhealthy,
} from './builders.ts'

const second = 1_000

function setUp(options: Partial<JudgeOptions> = {}) {
  const world: { targets: readonly ScrapedTarget[]; scrapes: number } = { targets: [scraped()], scrapes: 0 }
  const clock = new FakeClock()
  const notifier = new FakeNotifier()
  const log = new FakeLog()
  const series = {
    scrape() {
      world.scrapes += 1
      return world.targets
    },
  }
  const judge = createJudge({
    series,
    notifier,
    clock,
    log,
    random: () => 0.5,
    onExpired: () => {},
    ...options,
  })
  judge.start()
  return { world, clock, notifier, log, judge }
}

const atOnce = policy({ routing: routing({ groupWaitMs: 0, groupIntervalMs: 15 * second }) })

test('tells of a target that goes down, and that it is back', async () => {
  const { world, clock, notifier, judge } = setUp()
  judge.setPolicy(atOnce)
  await clock.advanceAsync(30 * second)
  expect(notifier.take()).toEqual([])
  world.targets = [unhealthy()]
  await clock.advanceAsync(15 * second)
  expect(notifier.take()).toEqual(['hook: firing checkout'])
  world.targets = [scraped()]
  await clock.advanceAsync(30 * second)
  expect(notifier.take()).toEqual(['hook: resolved checkout'])
  expect(judge.alerts()).toEqual([])
})

test('judges the scrape of the same moment, on a grid of its own interval', async () => {
  const { world, clock, judge } = setUp({ scrapeMs: second, evaluateMs: 2 * second })
  judge.setPolicy(atOnce)
  world.targets = [unhealthy()]
  await clock.advanceAsync(1 * second)
  expect(judge.alerts()).toEqual([])
  await clock.advanceAsync(1 * second)
  expect(judge.alerts()).toHaveLength(1)
  expect(world.scrapes).toBe(2)
})

test('scrapes nothing while there is nothing to judge', async () => {
  const { world, clock, judge } = setUp()
  await clock.advanceAsync(60 * second)
  expect(world.scrapes).toBe(0)
  judge.setPolicy(atOnce)
  await clock.advanceAsync(15 * second)
  expect(world.scrapes).toBe(1)
  judge.removePolicy(atOnce.uid)
  await clock.advanceAsync(60 * second)
  expect(world.scrapes).toBe(1)
})

test('judges latency over its window', async () => {
  const { world, clock, judge } = setUp()
  judge.setPolicy(policy({ rules: [{ ...slowRule, forMs: 30 * second }] }))
  const slow = (ok: number) => [
    scraped({ okDurationSeconds: 2, probesTotal: { ok, degraded: 0, failed: 0, unknown: 0 } }),
  ]
  const states: string[] = []
  for (const ok of [1, 2, 3, 4, 5]) {
    world.targets = slow(ok)
    await clock.advanceAsync(15 * second)
    states.push(judge.alerts()[0]?.state ?? '-')
  }
  expect(states).toEqual(['-', 'pending', 'pending', 'firing', 'firing'])
})

describe('what people see', () => {
  test('each alert with its state, the worst first, of equal ones the oldest', async () => {
    const { world, clock, judge } = setUp()
    const mild = { ...downRule, name: 'mild', severity: 'info' as const, forMs: 60 * second }
    judge.setPolicy(policy({ rules: [mild, downRule], targets: ['cart', 'checkout'] }))
    world.targets = [unhealthy()]
    await clock.advanceAsync(15 * second)
    const since = clock.now()
    world.targets = [unhealthy(), unhealthy({ target: 'cart' })]
    await clock.advanceAsync(15 * second)
    const shown = judge.alerts().map(({ severity, target, state }) => [severity, target, state])
    expect(shown).toEqual([
      ['critical', 'checkout', 'firing'],
      ['critical', 'cart', 'firing'],
      ['info', 'checkout', 'pending'],
      ['info', 'cart', 'pending'],
    ])
    expect(judge.alerts()[0]).toMatchObject({
      policy: { uid: 'uid-front', namespace: 'shop', name: 'front' },
      rule: 'down',
      alert: 'TargetDown',
      namespace: 'shop',
      since,
      firingSince: since,
      silencedBy: [],
    })
    expect(judge.alerts()[2]).not.toHaveProperty('firingSince')
  })

  test('names the silences that keep an alert quiet', async () => {
    const { world, clock, notifier, judge } = setUp()
    judge.setPolicy(atOnce)
    judge.setSilence(silence())
    world.targets = [unhealthy()]
    await clock.advanceAsync(60 * second)
    expect(judge.alerts()[0]?.silencedBy).toEqual(['migration'])
    expect(notifier.take()).toEqual([])
    judge.removeSilence('uid-silence')
    await clock.advanceAsync(15 * second)
    expect(notifier.take()).toEqual(['hook: firing checkout'])
  })
})

describe('an edit', () => {
  test('keeps the state of what it does not touch', async () => {
    const { world, clock, judge } = setUp()
    judge.setPolicy(atOnce)
    world.targets = [unhealthy()]
    await clock.advanceAsync(15 * second)
    const before = judge.alerts()
    judge.setPolicy({ ...atOnce, targets: ['cart', 'checkout'] })
    await clock.advanceAsync(60 * second)
    expect(judge.alerts()).toEqual(before)
  })

  test('that takes a target away tells that it is no longer judged', async () => {
    const { world, clock, notifier, judge } = setUp()
    judge.setPolicy(atOnce)
    world.targets = [unhealthy()]
    await clock.advanceAsync(15 * second)
    judge.setPolicy({ ...atOnce, targets: ['cart'] })
    notifier.take()
    await clock.advanceAsync(30 * second)
    expect(notifier.sent[0]?.alerts[0]?.annotations.get('reason')).toMatch(/no longer judged/)
    expect(notifier.take()).toEqual(['hook: resolved checkout'])
  })

  test('of nothing is no edit: a message that failed for good is not hurried', async () => {
    const { world, clock, notifier, judge } = setUp()
    judge.setPolicy(atOnce)
    notifier.answers.push(failure({ permanent: true }))
    world.targets = [unhealthy()]
    await clock.advanceAsync(15 * second)
    judge.setPolicy(structuredClone(atOnce))
    await clock.advanceAsync(60 * second)
    expect(notifier.take()).toHaveLength(1)
    judge.secretChanged({ namespace: 'shop', name: 'keys' })
    await clock.advanceAsync(0)
    expect(notifier.take()).toHaveLength(1)
  })

  test('that removes the policy tells the end of its alerts', async () => {
    const { world, clock, notifier, judge } = setUp()
    judge.setPolicy(atOnce)
    world.targets = [unhealthy()]
    await clock.advanceAsync(15 * second)
    judge.removePolicy(atOnce.uid)
    judge.removePolicy('never known')
    notifier.take()
    await clock.advanceAsync(30 * second)
    expect(notifier.take()).toEqual(['hook: resolved checkout'])
    expect(judge.alerts()).toEqual([])
    expect(judge.receivers(atOnce.uid)).toEqual([])
  })
})

test('a step of the wall clock neither hurries nor delays `for`', async () => {
  const { world, clock, judge } = setUp()
  judge.setPolicy(policy({ rules: [{ ...downRule, forMs: 60 * second }] }))
  world.targets = [unhealthy()]
  await clock.advanceAsync(15 * second)
  clock.stepWall(3_600_000)
  await clock.advanceAsync(45 * second)
  expect(judge.alerts()[0]?.state).toBe('pending')
  await clock.advanceAsync(15 * second)
  expect(judge.alerts()[0]?.state).toBe('firing')
})

test('a defect in one round is logged, and the next round comes', async () => {
  const { world, clock, log, judge } = setUp({
    series: {
      scrape() {
        if (world.scrapes++ === 0) throw new Error('boom')
        return [unhealthy()]
      },
    },
  })
  judge.setPolicy(atOnce)
  await clock.advanceAsync(15 * second)
  expect(log.lines).toMatchObject([{ level: 'error' }])
  await clock.advanceAsync(15 * second)
  expect(judge.alerts()).toHaveLength(1)
})

test('stops for good, and begins anew with the policies it knows', async () => {
  const { world, clock, notifier, judge } = setUp()
  judge.setPolicy(atOnce)
  world.targets = [unhealthy()]
  await clock.advanceAsync(15 * second)
  notifier.take()
  await judge.stop()
  expect(clock.pending).toBe(0)
  expect(judge.alerts()).toEqual([])
  judge.start()
  await clock.advanceAsync(15 * second)
  expect(notifier.take()).toEqual(['hook: firing checkout'])
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JudgedPolicy, Routing } from '../../src/domain/judged-policy.ts'
import { Dispatcher } from '../../src/evaluate/dispatch.ts'
import type { Alert } from '../../src/evaluate/ports.ts'
import { Silences } from '../../src/evaluate/silences.ts'
import { FakeClock } from '../fakes/clock.ts'
import { FakeLog } from '../fakes/log.ts'
import {
  FakeNotifier,
  failure,
  firing,
  pendingDelivery,
  policy,
  resolved,
  routing,
  silence,
} from './builders.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

const hook = (name: string) => ({
  name,
  webhook: { urlFrom: { secretKeyRef: { name: 'keys', key: 'url' } } },
})

function setUp(fields: Partial<Routing> = {}) {
  const clock = new FakeClock()
  const notifier = new FakeNotifier()
  const silences = new Silences()
  const log = new FakeLog()
  const expired: number[] = []
  const onExpired = ({ alerts }: { alerts: number }) => void expired.push(alerts)
  const dispatcher = new Dispatcher({ clock, notifier, silences, log, random: () => 0.5, onExpired })
  const judged = policy({ routing: routing(fields) })
  dispatcher.setPolicy(judged)
  const now = {
    checkout: firing({ startsAt: clock.now() }),
    cart: firing({ target: 'cart', startsAt: clock.now() }),
  }
  const submit = (...alerts: readonly Alert[]) => dispatcher.submit(judged.uid, alerts)
  const edit = (changes: Partial<JudgedPolicy>) => dispatcher.setPolicy({ ...judged, ...changes })
  return { clock, notifier, silences, log, expired, dispatcher, judged, ...now, submit, edit }
}

describe('when a group is told', () => {
  test('first after the wait, then at every interval in which there is news, then as a reminder', async () => {
    const { clock, notifier, submit, checkout, cart } = setUp({ groupBy: ['namespace'] })
    submit(checkout)
    await clock.advanceAsync(29 * second)
    expect(notifier.take()).toEqual([])
    await clock.advanceAsync(second)
    expect(notifier.take()).toEqual(['hook: firing checkout'])
    submit(checkout, cart)
    await clock.advanceAsync(5 * minute - second)
    expect(notifier.take()).toEqual([])
    await clock.advanceAsync(second)
    expect(notifier.take()).toEqual(['hook: firing cart, firing checkout'])
    await clock.advanceAsync(4 * hour - second)
    expect(notifier.take()).toEqual([])
    await clock.advanceAsync(second)
    expect(notifier.take()).toEqual(['hook: firing cart, firing checkout (repeat 1)'])
  })

  test('alerts of one group within the wait make one message', async () => {
    const { clock, notifier, submit, checkout, cart } = setUp({ groupBy: [] })
    submit(checkout)
    await clock.advanceAsync(10 * second)
    submit(checkout, cart)
    await clock.advanceAsync(20 * second)
    expect(notifier.take()).toEqual(['hook: firing cart, firing checkout'])
  })

  test('alerts of different groups make one message each', async () => {
    const { clock, notifier, submit, checkout, cart } = setUp()
    submit(checkout, cart)
    await clock.advanceAsync(30 * second)
    expect(notifier.take().toSorted()).toEqual(['hook: firing cart', 'hook: firing checkout'])
  })

  test('the end of an alert is told once, and then nothing runs any more', async () => {
    const { clock, notifier, submit, checkout } = setUp()
    submit(checkout)
    await clock.advanceAsync(30 * second)
    notifier.take()
    submit(resolved(checkout, clock.now()))
    await clock.advanceAsync(5 * minute)
    expect(notifier.take()).toEqual(['hook: resolved checkout'])
    expect(clock.pending).toBe(0)
  })

  test('one that ends within the wait is never told', async () => {
    const { clock, notifier, submit, checkout } = setUp()
    submit(checkout)
    await clock.advanceAsync(10 * second)
    submit(resolved(checkout, clock.now()))
    await clock.advanceAsync(hour)
    expect(notifier.take()).toEqual([])
    expect(clock.pending).toBe(0)
  })
})

describe('whom a route names', () => {
  const routes: Routing['routes'] = [
    { severities: ['critical'], receivers: ['a', 'b'] },
    { severities: ['debug'], receivers: [] },
    { receivers: ['b'] },
  ]
  const receivers = [hook('a'), hook('b')]

  test('each receiver gets its own message', async () => {
    const { clock, notifier, submit, checkout } = setUp({ routes, receivers })
    submit(
      checkout,
      firing({ target: 'cart', severity: 'debug' }),
      firing({ target: 'orders', severity: 'info' }),
    )
    await clock.advanceAsync(30 * second)
    expect(notifier.take().toSorted()).toEqual([
      'a: firing checkout',
      'b: firing checkout',
      'b: firing orders',
    ])
  })

  test('a receiver that fails keeps no other from being told, and is told alone afterwards', async () => {
    const { clock, notifier, submit, checkout } = setUp({ routes, receivers })
    notifier.answers.push(failure())
    submit(checkout)
    await clock.advanceAsync(30 * second)
    expect(notifier.take()).toEqual(['a: firing checkout', 'b: firing checkout'])
    await clock.advanceAsync(second)
    expect(notifier.take()).toEqual(['a: firing checkout'])
  })
})

describe('a silence', () => {
  test('keeps quiet while it holds; what still fires then is told at the next look', async () => {
    const { clock, notifier, silences, submit, checkout } = setUp()
    silences.set(silence({ endsAt: clock.now() + 10 * minute }))
    submit(checkout)
    await clock.advanceAsync(10 * minute)
    expect(notifier.take()).toEqual([])
    await clock.advanceAsync(5 * minute)
    expect(notifier.take()).toEqual(['hook: firing checkout'])
  })

  test('is asked at the moment of telling, not when the alert begins', async () => {
    const { clock, notifier, silences, submit, checkout } = setUp()
    submit(checkout)
    await clock.advanceAsync(29 * second)
    silences.set(silence())
    await clock.advanceAsync(hour)
    expect(notifier.take()).toEqual([])
    silences.remove('uid-silence')
    await clock.advanceAsync(5 * minute)
    expect(notifier.take()).toEqual(['hook: firing checkout'])
  })

  test('of an alert that ended keeps its end untold', async () => {
    const { clock, notifier, silences, submit, checkout } = setUp()
    submit(checkout)
    await clock.advanceAsync(30 * second)
    notifier.take()
    silences.set(silence())
    submit(resolved(checkout, clock.now()))
    await clock.advanceAsync(hour)
    expect(notifier.take()).toEqual([])
    expect(clock.pending).toBe(0)
  })
})

describe('a delivery that fails', () => {
  test('is tried again after 1 s doubling to 60 s, until it is delivered', async () => {
    const { clock, notifier, submit, checkout } = setUp()
    notifier.answers.push(...Array.from({ length: 9 }, () => failure()))
    submit(checkout)
    await clock.advanceAsync(30 * second)
    for (const waitMs of [1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * second)) {
      expect(notifier.take()).toEqual(['hook: firing checkout'])
      await clock.advanceAsync(waitMs - 1)
      expect(notifier.take()).toEqual([])
      await clock.advanceAsync(1)
    }
    expect(notifier.take()).toEqual(['hook: firing checkout'])
    await clock.advanceAsync(hour)
    expect(notifier.take()).toEqual([])
  })

  test('waits as long as the sink asks for', async () => {
    const { clock, notifier, submit, checkout } = setUp()
    notifier.answers.push(failure({ reason: 'RateLimited', retryAfterMs: 7 * second }))
    submit(checkout)
    await clock.advanceAsync(30 * second)
    notifier.take()
    await clock.advanceAsync(7 * second - 1)
    expect(notifier.take()).toEqual([])
    await clock.advanceAsync(1)
    expect(notifier.take()).toEqual(['hook: firing checkout'])
  })

  test('for good is tried again every 10 min, and at once when the policy changes', async () => {
    const { clock, notifier, submit, checkout, judged, edit } = setUp()
    notifier.answers.push(failure({ permanent: true }), failure({ permanent: true }))
    submit(checkout)
    await clock.advanceAsync(30 * second)
    notifier.take()
    await clock.advanceAsync(10 * minute - 1)
    expect(notifier.take()).toEqual([])
    await clock.advanceAsync(1)
    expect(notifier.take()).toEqual(['hook: firing checkout'])
    edit({ routing: { ...judged.routing, repeatMs: hour } })
    await clock.advanceAsync(0)
    expect(notifier.take()).toEqual(['hook: firing checkout'])
  })

  test('for good is tried again at once when a Secret changes, also one that changes during the attempt', async () => {
    const { clock, notifier, submit, checkout, dispatcher } = setUp()
    const answer = pendingDelivery()
    notifier.answers.push(answer.promise, failure({ permanent: true }))
    submit(checkout)
    await clock.advanceAsync(30 * second)
    dispatcher.retry(() => ['hook'])
    answer.settle(failure({ permanent: true }))
    await clock.advanceAsync(second)
    expect(notifier.take()).toHaveLength(2)
    dispatcher.retry(() => ['another'])
    await clock.advanceAsync(second)
    expect(notifier.take()).toEqual([])
    dispatcher.retry(() => ['hook'])
    await clock.advanceAsync(0)
    expect(notifier.take()).toEqual(['hook: firing checkout'])
  })

  test('says so when the message before it may have arrived', async () => {
    const { clock, notifier, submit, checkout } = setUp()
    notifier.answers.push(failure({ reason: 'Reset', mayHaveArrived: true }))
    submit(checkout)
    await clock.advanceAsync(31 * second)
    expect(notifier.take()).toEqual(['hook: firing checkout', 'hook: firing checkout (may be a repeat)'])
  })

  test('is told as resolved when the alert ended meanwhile', async () => {
    const { clock, notifier, submit, checkout } = setUp()
    notifier.answers.push(failure())
    submit(checkout)
    await clock.advanceAsync(30 * second)
    submit(resolved(checkout, clock.now()))
    await clock.advanceAsync(second)
    expect(notifier.take()).toEqual(['hook: firing checkout', 'hook: resolved checkout'])
    expect(clock.pending).toBe(0)
  })

  test('gives up the end of an alert after a day, and says so', async () => {
    const { clock, notifier, submit, checkout, expired, log } = setUp()
    submit(checkout)
    await clock.advanceAsync(30 * second)
    submit(resolved(checkout, clock.now()))
    notifier.answers.push(...Array.from({ length: 2_000 }, () => failure({ permanent: true })))
    await clock.advanceAsync(25 * hour)
    expect(expired).toEqual([1])
    expect(log.lines.map(({ level }) => level)).toEqual(['warn'])
    expect(clock.pending).toBe(0)
  })

  test('by a defect of the notifier is a failure like any other', async () => {
    const { clock, notifier, submit, checkout, log } = setUp()
    notifier.answers.push(new Error('boom'))
    submit(checkout)
    await clock.advanceAsync(31 * second)
    expect(notifier.take()).toHaveLength(2)
    expect(log.lines.map(({ level }) => level)).toEqual(['error'])
  })
})

test('at most four messages to one receiver are on their way; the most urgent groups go first, others are not held up', async () => {
  const receivers = [hook('slow'), hook('quick')]
  const routes: Routing['routes'] = [
    { severities: ['warning', 'critical'], receivers: ['slow'] },
    { receivers: ['quick'] },
  ]
  const { clock, notifier, submit } = setUp({ receivers, routes })
  const answers = Array.from({ length: 6 }, () => pendingDelivery())
  notifier.answers.push(...answers.map(({ promise }) => promise))
  const targets = ['a', 'b', 'c', 'd', 'e']
  const warnings = targets.map((target) => firing({ target, severity: 'warning', startsAt: clock.now() }))
  submit(...warnings, firing({ target: 'worst', startsAt: clock.now() }))
  await clock.advanceAsync(30 * second)
  expect(notifier.take()).toEqual([
    'slow: firing worst',
    'slow: firing a',
    'slow: firing b',
    'slow: firing c',
  ])
  submit(firing({ target: 'other', severity: 'info', startsAt: clock.now() - hour }))
  await clock.advanceAsync(0)
  expect(notifier.take()).toEqual(['quick: firing other'])
  answers[0]!.settle({ result: 'delivered' })
  await clock.advanceAsync(0)
  expect(notifier.take()).toEqual(['slow: firing d'])
  for (const { settle } of answers) settle({ result: 'delivered' })
  await clock.advanceAsync(0)
  expect(notifier.take()).toEqual(['slow: firing e'])
})

test('a group is told by one message at a time, so an end never overtakes its beginning', async () => {
  const { clock, notifier, submit, checkout } = setUp()
  const answer = pendingDelivery()
  notifier.answers.push(answer.promise)
  submit(checkout)
  await clock.advanceAsync(30 * second)
  submit(resolved(checkout, clock.now()))
  await clock.advanceAsync(hour)
  expect(notifier.take()).toEqual(['hook: firing checkout'])
  answer.settle({ result: 'delivered' })
  await clock.advanceAsync(0)
  expect(notifier.take()).toEqual(['hook: resolved checkout'])
})

describe('an edit of the policy', () => {
  test('takes alerts away from a receiver that no route names any more, and tells the new one at once', async () => {
    const receivers = [hook('hook'), hook('desk')]
    const { clock, notifier, submit, checkout, edit } = setUp({ receivers })
    submit(checkout)
    await clock.advanceAsync(30 * second)
    expect(notifier.take()).toEqual(['hook: firing checkout'])
    await clock.advanceAsync(minute)
    edit({ routing: routing({ receivers, routes: [{ receivers: ['desk'] }] }) })
    submit(checkout)
    await clock.advanceAsync(hour)
    expect(notifier.take()).toEqual(['desk: firing checkout'])
  })

  test('that changes nothing for a group tells nobody anew', async () => {
    const { clock, notifier, submit, checkout, edit } = setUp()
    submit(checkout)
    await clock.advanceAsync(30 * second)
    notifier.take()
    edit({ targets: ['cart', 'checkout'] })
    submit(checkout)
    await clock.advanceAsync(hour)
    expect(notifier.take()).toEqual([])
  })
})

describe('a removed policy', () => {
  test('tells the ends of what it had told, then is forgotten', async () => {
    const { clock, notifier, submit, checkout, cart, dispatcher, judged } = setUp()
    submit(checkout)
    await clock.advanceAsync(30 * second)
    notifier.take()
    submit(checkout, cart)
    submit(...[checkout, cart].map((alert) => resolved(alert, clock.now())))
    dispatcher.removePolicy(judged.uid)
    await clock.advanceAsync(5 * minute)
    expect(notifier.take()).toEqual(['hook: resolved checkout'])
    expect(dispatcher.receivers(judged.uid)).toEqual([])
    expect(clock.pending).toBe(0)
  })

  test('is forgotten when its receiver went with it: at a failure for good, or after 10 min', async () => {
    for (const answer of [failure({ permanent: true }), failure({ reason: 'SecretMissing' })]) {
      const { clock, notifier, submit, checkout, dispatcher, judged } = setUp()
      submit(checkout)
      await clock.advanceAsync(30 * second)
      submit(resolved(checkout, clock.now()))
      dispatcher.removePolicy(judged.uid)
      notifier.answers.push(...Array.from({ length: 100 }, () => answer))
      await clock.advanceAsync(11 * minute)
      expect(dispatcher.receivers(judged.uid)).toEqual([])
      expect(clock.pending).toBe(0)
    }
  })

  test('that comes back is told of as if it had never gone', async () => {
    const { clock, notifier, submit, checkout, dispatcher, judged } = setUp()
    submit(checkout)
    await clock.advanceAsync(30 * second)
    submit(resolved(checkout, clock.now()))
    dispatcher.removePolicy(judged.uid)
    dispatcher.setPolicy(judged)
    submit(checkout)
    notifier.take()
    await clock.advanceAsync(hour)
    expect(notifier.take()).toEqual([])
    expect(dispatcher.receivers(judged.uid)).toHaveLength(1)
  })
})

test('tells how deliveries to each receiver went', async () => {
  const { clock, notifier, submit, checkout, dispatcher, judged } = setUp()
  expect(dispatcher.receivers(judged.uid)).toEqual([{ receiver: 'hook', waiting: 0 }])
  expect(dispatcher.receivers('unknown')).toEqual([])
  notifier.answers.push(failure(), failure({ reason: 'Timeout', message: 'late' }))
  submit(checkout)
  await clock.advanceAsync(30 * second)
  const failingSince = clock.now()
  await clock.advanceAsync(second)
  expect(dispatcher.receivers(judged.uid)).toEqual([
    {
      receiver: 'hook',
      waiting: 1,
      failingSince,
      lastFailure: { at: clock.now(), reason: 'Timeout', message: 'late' },
    },
  ])
  const lastFailure = { at: clock.now(), reason: 'Timeout', message: 'late' }
  await clock.advanceAsync(2 * second)
  expect(dispatcher.receivers(judged.uid)).toEqual([
    { receiver: 'hook', waiting: 0, lastFailure, lastDeliveryAt: clock.now() },
  ])
})

test('stops without starting anything more, and waits for what is on its way', async () => {
  const { clock, notifier, submit, checkout, cart, dispatcher } = setUp({ groupWaitMs: 0 })
  const answer = pendingDelivery()
  notifier.answers.push(answer.promise)
  submit(checkout)
  await clock.advanceAsync(0)
  submit(checkout, cart)
  let isStopped = false
  const stopping = dispatcher.stop().then(() => {
    isStopped = true
  })
  await clock.advanceAsync(hour)
  expect(notifier.take()).toEqual(['hook: firing checkout'])
  expect(isStopped).toBe(false)
  answer.settle(failure())
  await stopping
  expect(clock.pending).toBe(0)
  dispatcher.start()
  submit(cart)
  await clock.advanceAsync(0)
  expect(notifier.take()).toEqual(['hook: firing cart'])
})

describe('whatever happens', () => {
  const targets = ['a', 'b', 'c']
  const step = fc.oneof(
    fc.record({ do: fc.constant('fire' as const), target: fc.constantFrom(...targets) }),
    fc.record({ do: fc.constant('end' as const), target: fc.constantFrom(...targets) }),
    fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 400 }) }),
    fc.record({ do: fc.constant('fail' as const), permanent: fc.boolean(), mayHaveArrived: fc.boolean() }),
    fc.record({ do: fc.constant('secret' as const) }),
  )
  type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never
  const grouping = fc.constantFrom(['target'], [])

  /** Plays the steps, then lets all deliveries succeed for as long as a parked message waits. */
  async function play(steps: readonly Step[], groupBy: readonly string[]) {
    const world = setUp({ groupBy })
    const firingNow = new Map<string, Alert>()
    for (const taken of steps) {
      if (taken.do === 'wait') await world.clock.advanceAsync(taken.seconds * second)
      if (taken.do === 'fail') world.notifier.answers.push(failure(taken))
      if (taken.do === 'secret') world.dispatcher.retry(() => ['hook'])
      if (taken.do === 'fire' && !firingNow.has(taken.target)) {
        firingNow.set(taken.target, firing({ target: taken.target, startsAt: world.clock.now() }))
      }
      if (taken.do === 'end') {
        const ended = firingNow.get(taken.target)
        firingNow.delete(taken.target)
        if (ended !== undefined) world.submit(resolved(ended, world.clock.now()))
      }
      world.submit(...firingNow.values())
    }
    world.notifier.answers.length = 0
    await world.clock.advanceAsync(20 * minute)
    return { ...world, firingNow }
  }

  test('the receiver knows in the end what fires and what does not, whatever failed on the way', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), grouping, async (steps, groupBy) => {
        const { notifier, firingNow } = await play(steps, groupBy)
        const known = new Map<string, string>()
        for (const { alerts } of notifier.sent) {
          for (const { labels, status } of alerts) known.set(labels.get('target') ?? '', status)
        }
        for (const target of targets) {
          // Unknown is as good as resolved: it came and went before its first message.
          expect(known.get(target) ?? 'resolved').toBe(firingNow.has(target) ? 'firing' : 'resolved')
        }
      }),
    )
  })

  test('what was tried is never lost: an alert named by a failed message is named by a later one that is delivered', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), grouping, async (steps, groupBy) => {
        const { notifier } = await play(steps, groupBy)
        for (const [index, { notification, delivery }] of notifier.settled.entries()) {
          if (delivery.result === 'delivered') continue
          const later = notifier.settled
            .slice(index + 1)
            .filter((attempt) => attempt.delivery.result === 'delivered')
          const named = new Set(
            later.flatMap((attempt) => attempt.notification.alerts.map(fingerprintOfAlert)),
          )
          for (const alert of notification.alerts) expect(named).toContain(alert.fingerprint)
        }
      }),
    )
  })
})

function fingerprintOfAlert({ fingerprint }: Alert): string {
  return fingerprint
}

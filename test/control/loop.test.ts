import { describe, expect, test } from 'vitest'
import type { KindName } from '../../src/domain/kinds.ts'
import type { RemoteSilence } from '../../src/domain/remote-silence.ts'
import type { Availability } from '../../src/reconcile/ports.ts'
import { World } from './world.ts'

const httpTarget = { interval: '30s', http: { url: 'http://checkout.shop/health' } }
const policySpec = {
  targets: { names: ['checkout'] },
  rules: [{ name: 'down', severity: 'critical', down: {} }],
  receivers: [{ name: 'hook', webhook: { urlFrom: { secretKeyRef: { name: 'hook', key: 'url' } } } }],
}
const everything = {
  ruleSelector: {},
  ruleNamespaceSelector: {},
  serviceMonitorSelector: {},
  serviceMonitorNamespaceSelector: {},
}

function monitored(options: ConstructorParameters<typeof World>[0] = {}): World {
  const world = new World(options)
  world.put('Prometheus', 'k8s', everything, { namespace: 'monitoring' })
  world.put(
    'Alertmanager',
    'main',
    { alertmanagerConfigSelector: {}, alertmanagerConfigNamespaceSelector: {} },
    { namespace: 'monitoring' },
  )
  world.put('InspectionTarget', 'checkout', httpTarget)
  return world
}

describe('a trouble that is over', () => {
  test('is told no more when nothing had to be written to end it', async () => {
    const world = monitored()
    world.put('AlertmanagerConfig', 'roundsman-checkout', { route: {} })
    const policy = world.put('AlertPolicy', 'checkout', policySpec)
    await world.start()
    expect(world.condition(policy, 'Stalled')).toMatchObject({ reason: 'NameTaken' })
    const { receivers: _, ...withoutReceivers } = policySpec
    world.put('AlertPolicy', 'checkout', withoutReceivers)
    await world.settle()
    expect(world.condition(policy, 'Ready')).toMatchObject({ status: 'True', reason: 'ObjectsApplied' })
    expect(world.condition(policy, 'Stalled')).toBeUndefined()
  })

  test('leaves a status when the write whose answer was lost had taken effect', async () => {
    const world = monitored()
    await world.start()
    world.cluster.loseAnswer('create')
    const { receivers: _, ...withOneChild } = policySpec
    const policy = world.put('AlertPolicy', 'checkout', withOneChild)
    world.cluster.hold()
    await world.settle()
    world.cluster.release() // The child is seen: it asks for the key before its back-off would.
    await world.advance(60_000)
    expect(world.condition(policy, 'Ready')).toMatchObject({ status: 'True', reason: 'ObjectsApplied' })
  })
})

describe('a leader that is one no more', () => {
  test('writes no further child of the plan under way', async () => {
    const world = monitored()
    world.put('AlertPolicy', 'checkout', policySpec)
    const { sink } = world.cluster
    const create = sink.create.bind(sink)
    sink.create = async (object, manager) => {
      const answer = await create(object, manager)
      world.lead(false)
      return answer
    }
    await world.start()
    expect(world.cluster.writes.filter(({ operation }) => operation === 'create')).toHaveLength(1)
  })
})

describe('a handling that was given up', () => {
  test('writes nothing any more when its call comes back after all', async () => {
    const world = monitored()
    world.put('AlertPolicy', 'checkout', policySpec)
    const { sink } = world.cluster
    const create = sink.create.bind(sink)
    const hung = Promise.withResolvers<void>()
    let calls = 0
    sink.create = async (object, manager) => {
      calls += 1
      if (calls === 1) await hung.promise
      return create(object, manager)
    }
    await world.start()
    await world.advance(60_000)
    await world.advance(1_000)
    expect(world.results).toContain('timeout')
    const writes = world.cluster.writes.length
    hung.resolve()
    await world.settle()
    // The hung call itself may still take effect; nothing follows it.
    expect(world.cluster.writes.slice(writes).map(({ operation }) => operation)).toEqual(['create'])
  })
})

describe('what cannot be read', () => {
  test.each<[KindName, Availability['state'], string]>([
    ['InspectionTarget', 'forbidden', 'Forbidden'],
    ['InspectionTarget', 'notServed', 'KindNotServed'],
    ['Prometheus', 'forbidden', 'Forbidden'],
    ['Alertmanager', 'forbidden', 'Forbidden'],
    ['Namespace', 'forbidden', 'Forbidden'],
    ['Service', 'forbidden', 'Forbidden'],
  ])('is not taken for absent: %s, %s', async (kind, state, reason) => {
    const labelled = { ruleSelector: { matchLabels: { release: 'kps' } }, ruleNamespaceSelector: {} }
    const before = monitored()
    before.put('Prometheus', 'k8s', { ...everything, ...labelled }, { namespace: 'monitoring' })
    const metrics = { service: { name: 'checkout', port: 9090 } }
    before.put('InspectionTarget', 'checkout', { ...httpTarget, ...(kind === 'Service' ? { metrics } : {}) })
    before.put('Service', 'checkout', { clusterIP: '10.0.0.1', ports: [{ name: 'metrics', port: 9090 }] })
    before.put('AlertPolicy', 'checkout', policySpec)
    await before.start()
    await before.plane.stop()
    const [rule] = before.cluster.list('PrometheusRule')
    expect(rule?.metadata.labels).toMatchObject({ release: 'kps' })

    const after = new World({ cluster: before.cluster })
    const message = `not permitted to list ${kind}`
    after.cluster.setAvailability(kind, state === 'forbidden' ? { state, message } : { state })
    const writes = after.cluster.writes.length
    await after.start()
    const touched = after.cluster.writes.slice(writes).filter(({ operation }) => operation !== 'updateStatus')
    expect(touched).toEqual([])
    expect(after.cluster.list('PrometheusRule')).toEqual([rule])
    const [policy] = after.cluster.list('AlertPolicy')
    if (policy === undefined) throw new Error('no policy')
    expect(after.condition(policy, 'Ready')).toMatchObject({ status: 'False', reason })

    after.cluster.setAvailability(kind, { state: 'synced' })
    await after.settle()
    expect(after.condition(policy, 'Ready')).toMatchObject({ status: 'True' })
  })
})

test('a Service that appears later is scraped by the name of its port', async () => {
  const world = monitored()
  const metrics = { service: { name: 'checkout', port: 9090 } }
  world.put('InspectionTarget', 'checkout', { ...httpTarget, metrics })
  world.put('AlertPolicy', 'checkout', policySpec)
  await world.start()
  const endpoints = () => world.cluster.list('ServiceMonitor')[0]?.spec
  expect(endpoints()).toMatchObject({ endpoints: [{ targetPort: 9090 }] })
  world.put('Service', 'checkout', { clusterIP: '10.0.0.1', ports: [{ name: 'metrics', port: 9090 }] })
  await world.settle()
  expect(endpoints()).toMatchObject({ endpoints: [{ port: 'metrics' }] })
})

test('a status that is refused is told in the log', async () => {
  const world = new World()
  world.put('InspectionTarget', 'checkout', httpTarget)
  const message = 'not permitted to patch inspectiontargets/status'
  world.cluster.fail('updateStatus', { kind: 'forbidden', message })
  await world.start()
  expect(world.warnings).toContainEqual(expect.objectContaining({ reason: 'Forbidden', detail: message }))
})

describe('events', () => {
  test('of a verdict wait for the status that tells it, and come once', async () => {
    const world = new World()
    const target = world.put('InspectionTarget', 'checkout', httpTarget)
    await world.start()
    for (const verdict of ['Healthy', 'Unhealthy', 'Healthy', 'Unhealthy'] as const) {
      await world.report(target, { verdict, reason: verdict === 'Unhealthy' ? 'AssertionBody' : '' })
    }
    await world.report(target, { verdict: 'Healthy' })
    expect(world.condition(target, 'Healthy')).toMatchObject({ status: 'False' }) // Over its limit: deferred.
    const told = world.cluster.events.length
    world.put('InspectionTarget', 'checkout', { ...httpTarget, interval: '20s' })
    await world.settle()
    expect(world.cluster.events.length - told).toBe(0)
    await world.advance(60_000)
    expect(world.condition(target, 'Healthy')).toMatchObject({ status: 'True' })
    expect(world.cluster.events.length - told).toBe(1)
  })
})

describe('a Silence', () => {
  const spec = {
    matchers: [{ name: 'alertname', value: 'TargetDown' }],
    duration: '2h',
    comment: 'migration',
    author: 'li.na',
  }
  const answering = (world: World, name: string) =>
    ({ name, version: '0.34.2', silences: [] as RemoteSilence[], observedAt: world.clock.now() }) as const

  test('is told as refused at once, not when its window ends', async () => {
    const world = new World()
    world.alertmanagers = [answering(world, 'monitoring/main')]
    const silence = world.put('Silence', 'quiet', spec)
    await world.start()
    const posts = world.posts.length
    world.answerOutside = (alertmanager) => {
      world.refusals.set(alertmanager, { message: 'HTTP 400: bad matcher', permanent: true })
      return { ok: false, permanent: true, message: 'HTTP 400: bad matcher' }
    }
    world.put('Silence', 'quiet', { ...spec, comment: 'another' })
    await world.settle()
    expect(world.condition(silence, 'Stalled')).toMatchObject({ reason: 'AlertmanagerRefused' })
    expect(world.posts).toHaveLength(posts + 1)
  })

  test('reaches the other Alertmanagers though one refuses it', async () => {
    const world = new World()
    world.alertmanagers = [answering(world, 'monitoring/a'), answering(world, 'monitoring/b')]
    world.answerOutside = (alertmanager) =>
      alertmanager === 'monitoring/a' ? { ok: false, permanent: false, message: 'HTTP 500' } : { ok: true }
    world.put('Silence', 'quiet', spec)
    await world.start()
    expect(world.posts.map(({ alertmanager }) => alertmanager)).toContain('monitoring/b')
  })

  test('in force stays told so while a new leader has not heard of its Alertmanager yet', async () => {
    const world = new World()
    const main = answering(world, 'monitoring/main')
    world.alertmanagers = [main]
    const silence = world.put('Silence', 'quiet', spec)
    await world.start()
    const [post] = world.posts
    if (post === undefined) throw new Error('nothing was posted')
    const { startsAt, endsAt, ...rest } = post.silence
    const times = { startsAt: Date.parse(startsAt), startsAtText: startsAt, endsAt: Date.parse(endsAt) }
    world.alertmanagers = [
      { ...main, silences: [{ annotations: {}, ...rest, ...times, id: 'id-1', state: 'active' }] },
    ]
    world.plane.queueKind('Silence')
    await world.settle()
    expect(world.condition(silence, 'Active')).toMatchObject({ status: 'True' })

    const heard = world.alertmanagers
    world.alertmanagers = [{ name: main.name }]
    const [writes, events] = [world.cluster.writes.length, world.cluster.events.length]
    world.lead(true)
    await world.settle()
    world.alertmanagers = heard
    world.plane.queueKind('Silence')
    await world.settle()
    expect(world.cluster.writes.slice(writes)).toEqual([])
    expect(world.cluster.events.slice(events)).toEqual([])
  })

  test('that is new says what it waits for before its Alertmanager has answered', async () => {
    const world = new World()
    world.alertmanagers = [{ name: 'monitoring/main' }]
    const silence = world.put('Silence', 'quiet', spec)
    await world.start()
    expect(world.condition(silence, 'Active')).toMatchObject({
      status: 'False',
      message: 'it has not answered yet',
    })
  })
})

import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../../src/domain/kube-object.ts'
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

async function monitored(): Promise<{ world: World; policy: KubeObject }> {
  const world = new World()
  world.put('Prometheus', 'k8s', everything, { namespace: 'monitoring' })
  world.put(
    'Alertmanager',
    'main',
    { alertmanagerConfigSelector: {}, alertmanagerConfigNamespaceSelector: {} },
    { namespace: 'monitoring' },
  )
  world.put('InspectionTarget', 'checkout', httpTarget)
  const policy = world.put('AlertPolicy', 'checkout', policySpec)
  await world.start()
  return { world, policy }
}

describe('targets', () => {
  test('are accepted with one write and probed with their computed defaults', async () => {
    const world = new World()
    const target = world.put('InspectionTarget', 'checkout', httpTarget)
    await world.start()
    expect(world.condition(target, 'Ready')).toMatchObject({
      status: 'True',
      reason: 'Probing',
      observedGeneration: 1,
    })
    expect(world.probed.get(target.metadata.uid ?? '')).toMatchObject({
      intervalMs: 30_000,
      timeoutMs: 10_000,
    })
    expect(world.cluster.writes).toHaveLength(1)
  })

  test('need two status writes from apply to verdict, and none after', async () => {
    const world = new World()
    const target = world.put('InspectionTarget', 'checkout', httpTarget)
    await world.start()
    await world.report(target, { verdict: 'Healthy' })
    await world.report(target, { verdict: 'Healthy', message: 'another 12ms' })
    expect(world.condition(target, 'Healthy')).toMatchObject({ status: 'True', reason: 'AnsweredAsExpected' })
    expect(world.cluster.writes.map(({ manager }) => manager)).toEqual([
      'roundsman/controller',
      'roundsman/prober',
    ])
  })

  test('carry the reason of a failure in condition and event, and say how long it lasted', async () => {
    const world = new World()
    const target = world.put('InspectionTarget', 'checkout', httpTarget)
    await world.start()
    await world.report(target, {
      verdict: 'Unhealthy',
      reason: 'HttpStatus',
      message: 'expected 2xx, got 503',
    })
    expect(world.condition(target, 'Healthy')).toMatchObject({
      status: 'False',
      reason: 'HttpStatus',
      message: 'expected 2xx, got 503',
    })
    await world.advance(90_000)
    await world.report(target, { verdict: 'Healthy' })
    expect(world.cluster.events.map(({ type, reason, note }) => [type, reason, note])).toEqual([
      ['Warning', 'HttpStatus', 'expected 2xx, got 503'],
      ['Normal', 'AnsweredAsExpected', 'all expectations hold after 1m30s'],
    ])
  })

  test('are not told Unknown for a moment of our own overload, but are when it lasts', async () => {
    const world = new World()
    const target = world.put('InspectionTarget', 'checkout', httpTarget)
    await world.start()
    await world.report(target, { verdict: 'Unknown', reason: 'InternalOverload', message: 'overloaded' })
    expect(world.condition(target, 'Healthy')).toBeUndefined()
    await world.advance(61_000)
    expect(world.condition(target, 'Healthy')).toMatchObject({
      status: 'Unknown',
      reason: 'InternalOverload',
    })
  })

  test('that flap are written a few times and then once a minute, the last verdict in the end', async () => {
    const world = new World()
    const target = world.put('InspectionTarget', 'checkout', httpTarget)
    await world.start()
    for (let second = 0; second < 59; second += 1) {
      await world.report(
        target,
        second % 2 === 0 ? { verdict: 'Healthy' } : { verdict: 'Unhealthy', reason: 'HttpStatus' },
      )
      await world.advance(1_000)
    }
    const byProber = () => world.cluster.writes.filter(({ manager }) => manager === 'roundsman/prober')
    expect(byProber().length).toBeLessThanOrEqual(4)
    await world.report(target, { verdict: 'Unhealthy', reason: 'ConnectRefused', message: 'refused' })
    await world.advance(60_000)
    expect(world.condition(target, 'Healthy')).toMatchObject({ status: 'False', reason: 'ConnectRefused' })
  })

  test('that change while the API server is away are told at once when it is back', async () => {
    const world = new World()
    const target = world.put('InspectionTarget', 'checkout', httpTarget)
    await world.start()
    await world.report(target, { verdict: 'Healthy' })
    world.cluster.fail('updateStatus', { kind: 'unavailable', message: 'ECONNREFUSED' }, 12)
    await world.report(target, { verdict: 'Unhealthy', reason: 'HttpStatus' })
    await world.advance(30_000)
    expect(world.condition(target, 'Healthy')).toMatchObject({ status: 'False', reason: 'HttpStatus' })
  })

  test('that no probe has looked at yet say nothing of their health', async () => {
    const world = new World()
    const target = world.put('InspectionTarget', 'checkout', httpTarget)
    await world.start()
    await world.report(target, { verdict: 'Unknown' })
    expect(world.condition(target, 'Healthy')).toBeUndefined()
    await world.report(target, { verdict: 'Unknown', reason: 'ConfigReference', message: 'no such Service' })
    expect(world.condition(target, 'Healthy')).toMatchObject({ status: 'Unknown', reason: 'ConfigReference' })
  })

  test('that cannot be judged after a restart keep their verdict for three intervals, then say why', async () => {
    const world = new World()
    const target = world.put('InspectionTarget', 'checkout', { ...httpTarget, interval: '30s' })
    await world.start()
    await world.report(target, { verdict: 'Healthy' })
    const doubt = { verdict: 'Unknown', reason: 'ConfigReference', message: 'no such Service' } as const
    await world.report(target, doubt)
    await world.advance(89_000)
    expect(world.condition(target, 'Healthy')).toMatchObject({ status: 'True' })
    await world.advance(2_000)
    expect(world.condition(target, 'Healthy')).toMatchObject({ status: 'Unknown', reason: 'ConfigReference' })
    await world.report(target, { ...doubt, reason: 'PolicyDenied' })
    expect(world.condition(target, 'Healthy')).toMatchObject({ reason: 'PolicyDenied' })
  })

  test('that fail after a restart keep their verdict while the failures are counted', async () => {
    const world = new World()
    const target = world.put('InspectionTarget', 'checkout', { ...httpTarget, interval: '30s' })
    await world.start()
    await world.report(target, { verdict: 'Healthy' })
    await world.report(target, { verdict: 'Unknown', reason: 'HttpStatus', failuresInARow: 1 })
    await world.advance(300_000)
    expect(world.condition(target, 'Healthy')).toMatchObject({ status: 'True' })
  })

  test('with a spec that an older CRD let through are stalled with a sentence, and the others go on', async () => {
    const world = new World()
    const bad = world.put('InspectionTarget', 'bad', { interval: 'soon', http: { url: 'http://a/' } })
    const good = world.put('InspectionTarget', 'good', httpTarget)
    await world.start()
    expect(world.condition(bad, 'Ready')).toMatchObject({ status: 'False', reason: 'InvalidSpec' })
    expect(world.condition(bad, 'Stalled')).toMatchObject({ status: 'True' })
    expect(String(world.condition(bad, 'Stalled')?.message)).toContain('spec.interval')
    expect(world.condition(good, 'Ready')).toMatchObject({ status: 'True' })
    expect([...world.probed.keys()]).toEqual([good.metadata.uid])
  })

  test('that are suspended leave the probe table, and come back', async () => {
    const world = new World()
    const target = world.put('InspectionTarget', 'checkout', { ...httpTarget, suspend: true })
    await world.start()
    expect(world.probed.size).toBe(0)
    expect(world.now(target).status).toMatchObject({ verdict: 'Suspended' })
    world.put('InspectionTarget', 'checkout', httpTarget)
    await world.settle()
    expect(world.probed.size).toBe(1)
  })

  test('deleted and made anew under their name end the old probe and begin a new one', async () => {
    const world = new World()
    const first = world.put('InspectionTarget', 'checkout', httpTarget)
    await world.start()
    world.cluster.hold()
    world.cluster.delete({ kind: 'InspectionTarget', namespace: 'shop', name: 'checkout' })
    const second = world.put('InspectionTarget', 'checkout', httpTarget)
    world.cluster.release()
    await world.settle()
    expect([...world.probed.keys()]).toEqual([second.metadata.uid])
    expect(first.metadata.uid).not.toBe(second.metadata.uid)
  })

  test('resolve a Service to its ClusterIP and follow it', async () => {
    const world = new World()
    const target = world.put('InspectionTarget', 'cart', {
      http: { service: { name: 'cart', port: 'http' }, path: '/health' },
    })
    await world.start()
    expect(world.probed.get(target.metadata.uid ?? '')?.probe).toMatchObject({
      unrunnable: { reason: 'ConfigReference' },
    })
    world.put('Service', 'cart', { clusterIP: '10.0.0.7', ports: [{ name: 'http', port: 80 }] })
    await world.settle()
    expect(world.probed.get(target.metadata.uid ?? '')?.probe).toMatchObject({
      url: 'http://cart.shop.svc/health',
      dial: { by: 'address', ip: '10.0.0.7', port: 80 },
    })
  })
})

describe('policies', () => {
  test('get one PrometheusRule and one AlertmanagerConfig, owned by them, and are then silent', async () => {
    const { world, policy } = await monitored()
    const children = [...world.cluster.list('PrometheusRule'), ...world.cluster.list('AlertmanagerConfig')]
    expect(children.map(({ kind, metadata }) => [kind, metadata.name])).toEqual([
      ['PrometheusRule', 'roundsman-checkout'],
      ['AlertmanagerConfig', 'roundsman-checkout'],
    ])
    expect(children[0]?.metadata.ownerReferences).toMatchObject([
      { uid: policy.metadata.uid, controller: true },
    ])
    expect(world.condition(policy, 'Ready')).toMatchObject({ status: 'True', reason: 'ObjectsApplied' })
    const writes = world.cluster.writes.length
    world.plane.queueKind('AlertPolicy')
    await world.settle()
    expect(world.cluster.writes).toHaveLength(writes)
  })

  test('undo a hand edit of their children and leave foreign fields alone', async () => {
    const { world } = await monitored()
    const [rule] = world.cluster.list('PrometheusRule')
    if (rule === undefined) throw new Error('no rule')
    const { status: _, ...edited } = rule
    world.cluster.put({
      ...edited,
      metadata: { ...rule.metadata, annotations: { ...rule.metadata.annotations, team: 'night' } },
      spec: { groups: [] },
    })
    await world.settle()
    const mended = world.now(rule)
    expect(mended.spec).toEqual(rule.spec)
    expect(mended.metadata.annotations).toMatchObject({ team: 'night' })
  })

  test('remove what their spec no longer asks for', async () => {
    const { world, policy } = await monitored()
    const { receivers: _, ...withoutReceivers } = policySpec
    world.put('AlertPolicy', 'checkout', withoutReceivers)
    await world.settle()
    expect(world.cluster.list('AlertmanagerConfig')).toEqual([])
    expect(world.cluster.list('PrometheusRule')).toHaveLength(1)
    expect(world.condition(policy, 'Ready')).toMatchObject({ status: 'True' })
  })

  test('never touch an object of their name that is not theirs, and say so', async () => {
    const world = new World()
    world.put('Prometheus', 'k8s', everything, { namespace: 'monitoring' })
    const foreign = world.put('PrometheusRule', 'roundsman-checkout', {
      groups: [{ name: 'mine', rules: [] }],
    })
    world.put('InspectionTarget', 'checkout', httpTarget)
    const policy = world.put('AlertPolicy', 'checkout', policySpec)
    await world.start()
    expect(world.now(foreign).spec).toEqual({ groups: [{ name: 'mine', rules: [] }] })
    expect(world.condition(policy, 'Stalled')).toMatchObject({ status: 'True', reason: 'NameTaken' })
    expect(world.cluster.events.filter(({ reason }) => reason === 'NameTaken')).toHaveLength(1)
  })

  test('wait for the kinds of prometheus-operator and go on by themselves when they appear', async () => {
    const world = new World()
    for (const kind of [
      'PrometheusRule',
      'ServiceMonitor',
      'AlertmanagerConfig',
      'Prometheus',
      'Alertmanager',
    ] as const) {
      world.cluster.setAvailability(kind, { state: 'notServed' })
    }
    world.put('InspectionTarget', 'checkout', httpTarget)
    const policy = world.put('AlertPolicy', 'checkout', policySpec)
    await world.start()
    expect(world.condition(policy, 'Ready')).toMatchObject({ status: 'False', reason: 'KindNotServed' })
    expect(world.condition(policy, 'Reconciling')).toMatchObject({ status: 'True' })
    for (const kind of [
      'PrometheusRule',
      'ServiceMonitor',
      'AlertmanagerConfig',
      'Prometheus',
      'Alertmanager',
    ] as const) {
      world.cluster.setAvailability(kind, { state: 'synced' })
    }
    await world.settle()
    expect(world.cluster.list('PrometheusRule')).toHaveLength(1)
  })

  test('explain a namespace that no Prometheus selects', async () => {
    const world = new World()
    world.put(
      'Prometheus',
      'k8s',
      { ...everything, ruleNamespaceSelector: { matchLabels: { team: 'a' } } },
      { namespace: 'monitoring' },
    )
    world.put('InspectionTarget', 'checkout', httpTarget)
    const policy = world.put('AlertPolicy', 'checkout', policySpec)
    await world.start()
    const stalled = world.condition(policy, 'Stalled')
    expect(stalled).toMatchObject({ reason: 'NamespaceNotSelected' })
    expect(String(stalled?.message)).toContain('ruleNamespaceSelector of Prometheus monitoring/k8s')
  })

  test('whose creation was answered by nobody end with one object', async () => {
    const world = new World()
    world.put('Prometheus', 'k8s', everything, { namespace: 'monitoring' })
    world.put('InspectionTarget', 'checkout', httpTarget)
    world.put('AlertPolicy', 'checkout', policySpec)
    world.cluster.loseAnswer('create', 2)
    await world.start()
    await world.advance(10_000)
    expect(world.cluster.list('PrometheusRule')).toHaveLength(1)
    expect(
      world.cluster.writes.filter(({ operation, changed }) => operation === 'create' && changed),
    ).toHaveLength(2)
  })

  test('name the missing right and go on when it is granted', async () => {
    const world = new World()
    world.put('Prometheus', 'k8s', everything, { namespace: 'monitoring' })
    world.put('InspectionTarget', 'checkout', httpTarget)
    const policy = world.put('AlertPolicy', 'checkout', policySpec)
    const message = 'cannot create prometheusrules in namespace shop'
    world.cluster.fail('create', { kind: 'forbidden', message }, 2)
    await world.start()
    expect(String(world.condition(policy, 'Reconciling')?.message)).toContain(message)
    await world.advance(61_000)
    expect(world.condition(policy, 'Ready')?.reason).not.toBe('Forbidden')
    expect(world.cluster.list('PrometheusRule')).toHaveLength(1)
  })

  test('keep Ready through a passing fault of the API server', async () => {
    const { world, policy } = await monitored()
    world.cluster.fail('update', { kind: 'unavailable', message: 'the API server is away' }, 3)
    world.put('AlertPolicy', 'checkout', {
      ...policySpec,
      rules: [{ name: 'down', severity: 'warning', down: {} }],
    })
    await world.settle()
    expect(world.condition(policy, 'Ready')).toMatchObject({ status: 'True' })
    await world.advance(1_000)
    expect(JSON.stringify(world.cluster.list('PrometheusRule'))).toContain('warning')
  })
})

describe('leadership', () => {
  test('a standby writes nothing, and catches up when it leads', async () => {
    const world = new World({ isLeader: false })
    const target = world.put('InspectionTarget', 'checkout', httpTarget)
    await world.start()
    expect(world.cluster.writes).toEqual([])
    world.lead(true)
    await world.settle()
    expect(world.condition(target, 'Ready')).toMatchObject({ status: 'True' })
  })
})

describe('the loop', () => {
  test('survives a throw, counts it, and tries the key again', async () => {
    const world = new World()
    const target = world.put('InspectionTarget', 'checkout', httpTarget)
    await world.start()
    const broken = world.reports
    broken.get = () => {
      throw new Error('a defect')
    }
    world.plane.queueKey(`InspectionTarget/shop/checkout` as never)
    await world.settle()
    expect(world.results).toContain('panic')
    expect(world.errors).toHaveLength(1)
    broken.get = Map.prototype.get
    await world.report(target, { verdict: 'Healthy' })
    expect(world.condition(target, 'Healthy')).toMatchObject({ status: 'True' })
  })

  test('ends in the same state when every write may be the last one that is answered', async () => {
    const reference = await monitored()
    const wanted = reference.world.cluster.list('PrometheusRule').map(({ spec }) => spec)
    for (const operation of ['create', 'update', 'updateStatus'] as const) {
      for (let nth = 1; nth <= 3; nth += 1) {
        const world = new World()
        world.put('Prometheus', 'k8s', everything, { namespace: 'monitoring' })
        world.put(
          'Alertmanager',
          'main',
          { alertmanagerConfigSelector: {}, alertmanagerConfigNamespaceSelector: {} },
          { namespace: 'monitoring' },
        )
        world.put('InspectionTarget', 'checkout', httpTarget)
        const policy = world.put('AlertPolicy', 'checkout', policySpec)
        world.cluster.loseAnswer(operation, nth)
        await world.start()
        await world.advance(60_000)
        expect(world.cluster.list('PrometheusRule').map(({ spec }) => spec)).toEqual(wanted)
        expect(world.cluster.list('AlertmanagerConfig')).toHaveLength(1)
        expect(world.condition(policy, 'Ready')).toMatchObject({ status: 'True' })
      }
    }
  })
})

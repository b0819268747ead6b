import { describe, expect, test } from 'vitest'
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

import { expect, test } from 'vitest'
import type { KubeObject } from '../../src/domain/kube-object.ts'
import { describeCluster } from '../control/cluster-contract.ts'
import { Told } from '../control/told.ts'
import { FakeClock } from './clock.ts'
import { FakeCluster } from './cluster.ts'

describeCluster('fake', async () => {
  const cluster = new FakeCluster(new FakeClock())
  return {
    namespace: 'shop',
    source: cluster.source,
    sink: cluster.sink,
    user: {
      create: async (object) => cluster.put(object),
      replace: async (object) => cluster.put(object),
      remove: async (ref) => cluster.delete(ref),
    },
    close: async () => {},
  }
})

const target: KubeObject = {
  apiVersion: 'roundsman.dev/v1alpha1',
  kind: 'InspectionTarget',
  metadata: { name: 'checkout', namespace: 'shop' },
  spec: { interval: '30s' },
}
const ref = { kind: 'InspectionTarget', namespace: 'shop', name: 'checkout' } as const

test('raises the generation for a new spec only, and nothing for an equal write', () => {
  const cluster = new FakeCluster(new FakeClock())
  const first = cluster.put(target)
  expect(cluster.put(target).metadata.resourceVersion).toBe(first.metadata.resourceVersion)
  const labelled = cluster.put({ ...target, metadata: { ...target.metadata, labels: { a: 'b' } } })
  expect(labelled.metadata.generation).toBe(1)
  expect(cluster.put({ ...target, spec: { interval: '1m' } }).metadata.generation).toBe(2)
})

test('gives frozen objects, so that a mutation of a cache is an exception', () => {
  const stored = new FakeCluster(new FakeClock()).put(target)
  expect(() => Object.assign(stored.spec as object, { interval: '1s' })).toThrow(TypeError)
})

test('holds back what it would tell until it is released', () => {
  const cluster = new FakeCluster(new FakeClock())
  const told = new Told()
  cluster.source.start(told)
  cluster.hold()
  cluster.put(target)
  expect(told.objects('InspectionTarget').size).toBe(0)
  cluster.release()
  expect(told.objects('InspectionTarget').size).toBe(1)
})

test('carries out a write whose answer is lost', async () => {
  const cluster = new FakeCluster(new FakeClock())
  const stored = cluster.put(target)
  cluster.loseAnswer('remove')
  const precondition = {
    uid: stored.metadata.uid ?? '',
    resourceVersion: stored.metadata.resourceVersion ?? '',
  }
  expect(await cluster.sink.remove(ref, precondition)).toMatchObject({ failure: { kind: 'unavailable' } })
  expect(cluster.read(ref)).toBeUndefined()
})

test('fails a call without effect as often as it was told', async () => {
  const cluster = new FakeCluster(new FakeClock())
  cluster.put(target)
  cluster.fail('get', { kind: 'forbidden', message: 'may not get' })
  expect((await cluster.sink.get(ref)).ok).toBe(false)
  expect((await cluster.sink.get(ref)).ok).toBe(true)
})

test('throws when a child would be owned across namespaces or carry a GitOps label', async () => {
  const cluster = new FakeCluster(new FakeClock())
  const owner = cluster.put(target)
  const uid = owner.metadata.uid ?? ''
  const child = (metadata: object): KubeObject => ({
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'rules', namespace: 'monitoring', ...metadata },
  })
  const ownerReferences = [{ apiVersion: owner.apiVersion, kind: owner.kind, name: 'checkout', uid }]
  const controller = 'roundsman/controller'
  await expect(cluster.sink.create(child({ ownerReferences }), controller)).rejects.toThrow(
    'not in its namespace',
  )
  const labels = { 'app.kubernetes.io/instance': 'shop' }
  await expect(cluster.sink.create(child({ labels }), controller)).rejects.toThrow('must not carry')
})

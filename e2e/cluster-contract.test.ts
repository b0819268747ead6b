// The contract of source and sink before a real API server, with the rights that the chart gives; and what of the Kubernetes contract only
// a real API server can say: how it reads times, events and leases.
import { mkdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KubeObject, Ref } from '../src/domain/kube-object.ts'
import { refOfObject } from '../src/domain/kube-object.ts'
import { connectKube, type KubeConnection } from '../src/kube/connect.ts'
import { noObserver } from '../src/kube/observers.ts'
import { collectionPath, objectPath } from '../src/kube/paths.ts'
import { systemClock } from '../src/program/system-clock.ts'
import { describeCluster } from '../test/control/cluster-contract.ts'
import { FakeLog } from '../test/fakes/log.ts'
import { resource } from './cluster/api-client.ts'
import { openCluster } from './cluster/cluster.ts'
import { eventually } from './cluster/eventually.ts'
import { serviceAccountKubeconfig } from './cluster/service-account.ts'
import { Installation } from './operator.ts'

const cluster = openCluster()
const { client } = cluster
const connections: KubeConnection[] = []
let installation: Installation
let kubeconfig: string

beforeAll(async () => {
  installation = await Installation.install(cluster)
  const { server, caFile } = cluster.facts
  const folder = cluster.folder('contract')
  mkdirSync(folder)
  kubeconfig = await serviceAccountKubeconfig(client, installation.account, { server, caFile, folder })
})

afterAll(async () => {
  for (const connection of connections) await connection.close()
  await installation.uninstall()
  await cluster.close()
})

async function connect(
  options: { namespaces?: readonly string[]; identity?: string } = {},
): Promise<KubeConnection> {
  const { identity = 'contract', namespaces = [] } = options
  const connection = await connectKube({
    location: { kind: 'kubeconfig', files: [kubeconfig], environment: {} },
    clock: systemClock,
    random: Math.random,
    log: new FakeLog(),
    observer: noObserver,
    identity,
    lease: { name: 'roundsman' },
    watchdogFile: new URL('../src/kube/watchdog-worker.ts', import.meta.url),
    namespaces,
  })
  connections.push(connection)
  return connection
}

describeCluster('kube-apiserver', async () => {
  const namespace = await cluster.namespace('contract')
  const { source, sink, close } = await connect({ namespaces: [namespace] })
  return {
    namespace,
    source,
    sink,
    user: {
      create: (object) =>
        client.create<KubeObject>(collectionPath(kindOf(object), namespace), object).then(bare),
      replace: async (object) => {
        const path = objectPath(refOfObject(object))
        const { resourceVersion: _, ...metadata } = object.metadata
        return bare(await client.send<KubeObject>('PUT', path, await onLatest({ ...object, metadata }, path)))
      },
      remove: (ref) => client.remove(objectPath(ref)),
    },
    close,
  }
})

// A user's `kubectl replace`: unconditional, over whatever version there is.
async function onLatest(
  object: Omit<KubeObject, 'metadata'> & { metadata: object },
  path: string,
): Promise<object> {
  const live = await client.get<KubeObject>(path)
  const { resourceVersion } = live?.metadata ?? {}
  return { ...object, metadata: { ...object.metadata, resourceVersion } }
}

function kindOf(object: KubeObject): Ref['kind'] {
  return refOfObject(object).kind
}

function bare(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata as KubeObject['metadata'] & {
    managedFields?: unknown
  }
  return { ...object, metadata }
}

describe('the identity of the cluster', () => {
  test('is the UID of namespace kube-system', async () => {
    const { clusterId } = await connect()
    const kubeSystem = await client.get(resource('v1', 'namespaces', undefined, 'kube-system'))
    expect(await clusterId()).toEqual({ ok: true, value: kubeSystem?.metadata.uid })
  })
})

describe('the lease', () => {
  const lease = () => resource('coordination.k8s.io/v1', 'leases', installation.namespace, 'roundsman')

  test('is taken by one of two, given away, and taken by the other within 2 s', async () => {
    const [first, second] = [await connect({ identity: 'first' }), await connect({ identity: 'second' })]
    first.elector.start()
    await eventually('the first leads', () => first.elector.isLeader())
    second.elector.start()
    await eventually('the second sees who leads', () => second.elector.leader()?.identity === 'first')
    expect(second.elector.isLeader()).toBe(false)
    const asked = performance.now()
    await first.elector.release()
    await eventually('the second leads', () => second.elector.isLeader(), { everyMs: 10 })
    expect(performance.now() - asked).toBeLessThan(2_000)
    await second.elector.release()
    expect((await client.get<{ spec: object }>(lease()))?.spec).toMatchObject({
      holderIdentity: '',
      leaseDurationSeconds: 1,
    })
  })

  test('takes times with six fraction digits only', async () => {
    const path = resource('coordination.k8s.io/v1', 'leases', installation.namespace)
    const leaseAt = (renewTime: string) => ({
      metadata: { name: 'times' },
      spec: { holderIdentity: 'a', renewTime },
    })
    await expect(client.create(`${path}?dryRun=All`, leaseAt('2026-01-01T00:00:00.000Z'))).rejects.toThrow(
      '400',
    )
    await client.create(`${path}?dryRun=All`, leaseAt('2026-01-01T00:00:00.000000Z'))
  })
})

describe('events', () => {
  test('are told once, and their repeats as a series', async () => {
    const namespace = await cluster.namespace('events')
    const created = await client.create<KubeObject>(collectionPath('InspectionTarget', namespace), {
      apiVersion: 'roundsman.dev/v1alpha1',
      kind: 'InspectionTarget',
      metadata: { name: 'checkout', namespace },
      spec: { tcp: { host: 'db.example.org', port: 5432 } },
    })
    const { sink } = await connect()
    const regarding = { ...refOfObject(created), uid: created.metadata.uid ?? '' }
    sink.emit({
      regarding,
      type: 'Warning',
      reason: 'ConnectRefused',
      action: 'Probe',
      note: '巡检'.repeat(1_000),
    })
    const path = resource('events.k8s.io/v1', 'events', namespace)
    const [event] = await eventually('the event is there', async () => {
      const events = await client.list<KubeObject & { note: string }>(path)
      return events.length > 0 ? events : undefined
    })
    expect(event).toMatchObject({
      type: 'Warning',
      reason: 'ConnectRefused',
      action: 'Probe',
      reportingController: 'roundsman.dev/operator',
      reportingInstance: 'contract',
      regarding: { kind: 'InspectionTarget', name: 'checkout', namespace, uid: regarding.uid },
    })
    expect(Buffer.byteLength(event?.note ?? '')).toBeLessThanOrEqual(1_024)
    const series = { count: 2, lastObservedTime: '2026-01-01T00:00:00.000000Z' }
    await client.patch(`${path}/${event?.metadata.name}`, 'merge', { series })
    const listed = await cluster.kubectl.run(['get', 'events', '--namespace', namespace])
    expect(listed).toContain('ConnectRefused')
  })
})

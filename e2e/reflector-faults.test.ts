// The reflector before a real API server, with a proxy between them that does what networks and API servers do on bad days. Each case
// ends with a cache that equals the cluster, and says what the way there cost.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { watchedKinds } from '../src/control/control-plane.ts'
import type { KubeObject } from '../src/domain/kube-object.ts'
import { connectKube, type KubeConnection } from '../src/kube/connect.ts'
import { noObserver } from '../src/kube/observers.ts'
import { collectionPath, objectPath } from '../src/kube/paths.ts'
import { systemClock } from '../src/program/system-clock.ts'
import { Told } from '../test/control/told.ts'
import { FakeLog } from '../test/fakes/log.ts'
import { resource } from './cluster/api-client.ts'
import { CertificateAuthority } from './cluster/certificates.ts'
import { openCluster } from './cluster/cluster.ts'
import { eventually } from './cluster/eventually.ts'
import { FaultProxy, isListOf, isWatchOf, type Passage } from './cluster/fault-proxy.ts'
import { writeKubeconfig } from './cluster/kubeconfig.ts'
import { PrivateCluster } from './cluster/private-cluster.ts'
import { installPrometheusOperatorCrds, removePrometheusOperatorCrds } from './cluster/prometheus-operator.ts'
import { bindRole, createServiceAccount, requestToken } from './cluster/service-account.ts'
import { installCrds } from './operator.ts'

const shared = openCluster()
const own = await PrivateCluster.start(shared.facts, 'reflector-faults')
const { cluster, plane } = own
const { client } = cluster
const folder = cluster.folder('reflector-faults-client')
const caFile = join(folder, 'ca.crt')
const tokenFile = join(folder, 'token')
const targets = 'inspectiontargets'

let proxy: FaultProxy
let namespace: string
let connection: KubeConnection
let told: Told
let failures: string[]
let started: number
let relists: { readonly kind: string; readonly reason: string; readonly atMs: number }[]

beforeAll(async () => {
  mkdirSync(folder)
  await installCrds(cluster)
  await client.apply(resource('rbac.authorization.k8s.io/v1', 'clusterroles', undefined, 'reader'), {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'reader' },
    rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] }],
  })
  namespace = await cluster.namespace('faults')
  await createServiceAccount(client, { namespace, name: 'reader' })
  await bindRole(client, { namespace, name: 'reader' }, { kind: 'ClusterRole', name: 'reader' })
  const { server } = plane
  proxy = await FaultProxy.start({
    server,
    caFile: plane.caFile,
    authority: plane.authority,
    address: cluster.address(),
  })
})

// A client of its own for each case: what one case has taught the back-off must not slow down the next.
beforeEach(() => start(proxy.url))

afterEach(async () => {
  proxy.clear()
  await connection.source.stop()
  await connection.close()
})

afterAll(async () => {
  expect(proxy.offences).toEqual([])
  await proxy.close()
  await own.stop()
  await shared.close()
})

async function start(server: string): Promise<void> {
  writeFileSync(caFile, plane.authority.certificate)
  writeFileSync(tokenFile, await requestToken(client, { namespace, name: 'reader' }))
  const file = join(folder, 'kubeconfig')
  writeKubeconfig({ file, server, caFile, user: { tokenFile } })
  told = new Told()
  started = performance.now()
  failures = []
  relists = []
  connection = await connectKube({
    location: { kind: 'kubeconfig', files: [file], environment: {} },
    clock: systemClock,
    random: Math.random,
    log: new FakeLog(),
    observer: {
      ...noObserver,
      reflectors: {
        ...noObserver.reflectors,
        relisted: (kind, reason) => void relists.push({ kind, reason, atMs: performance.now() }),
        watchFailed: (kind, code) => void failures.push(`${kind} ${code}`),
      },
    },
    identity: 'reader',
    lease: { name: 'roundsman' },
    watchdogFile: new URL('../src/kube/watchdog-worker.ts', import.meta.url),
  })
  connection.source.start(told)
  await told.untilSynced('InspectionTarget')
}

function create(name: string): Promise<KubeObject> {
  return client.create(collectionPath('InspectionTarget', namespace), {
    apiVersion: 'roundsman.dev/v1alpha1',
    kind: 'InspectionTarget',
    metadata: { name, namespace },
    spec: { tcp: { host: 'db.example.org', port: 5432 } },
  })
}

function remove(name: string): Promise<void> {
  return client.remove(objectPath({ kind: 'InspectionTarget', namespace, name }))
}

/** The cache, as the tellings make it, equals the cluster: same objects, same versions. */
async function expectInStep({ withinMs = 30_000 } = {}): Promise<void> {
  await eventually(
    'the cache equals the cluster',
    async () => {
      const live = await client.list<KubeObject>(collectionPath('InspectionTarget'))
      const versions = ({ metadata }: KubeObject) =>
        `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`
      const cached = [...told.objects('InspectionTarget').values()].map(versions).sort()
      expect(cached).toEqual(live.map(versions).sort())
      return true
    },
    { withinMs },
  )
}

function removedNames(): readonly string[] {
  return told.all.flatMap((telling) => (telling.told === 'remove' ? [telling.object.metadata.name] : []))
}

function listsSince(atMs: number): readonly Passage[] {
  return proxy.passages.filter((passage) => passage.atMs >= atMs && isListOf(targets)(passage))
}

/** Ends the watch of targets, so that the next one meets the faults that were just added. */
async function meetFaults(): Promise<void> {
  const before = proxy.passages.filter(isWatchOf(targets)).length
  proxy.cutAll()
  await eventually('the watch comes back', () => proxy.passages.filter(isWatchOf(targets)).length > before)
}

const expired = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Expired', code: 410 }

test('410 as status, as event and on a page of a list cost one list each, at most one in five seconds, and no deletion', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await create(name)
  await expectInStep()
  const began = performance.now()
  proxy.add({ wants: isWatchOf(targets), times: 1, refuse: { code: 410, body: expired } })
  proxy.add({ wants: isListOf(targets), query: (query) => query.set('limit', '2') })
  await meetFaults()
  await eventually('a list follows', () => listsSince(began).length >= 3)
  await expectInStep()
  const event = JSON.stringify({ type: 'ERROR', object: expired })
  const withdraw = proxy.add({ wants: isWatchOf(targets), lines: () => [event] })
  await meetFaults()
  await create('g')
  await eventually(
    'a second list follows',
    () => relists.filter(({ reason }) => reason === 'expired').length >= 2,
  )
  withdraw()
  proxy.add({
    wants: ({ path, query }) => path.endsWith(targets) && pageOf(query) === 3,
    times: 1,
    refuse: { code: 410, body: expired },
  })
  proxy.add({ wants: isWatchOf(targets), times: 1, refuse: { code: 410, body: expired } })
  await meetFaults()
  await eventually(
    'a list fails on its third page and one more follows',
    () => relists.filter(({ reason }) => reason === 'expired').length >= 4,
  )
  await expectInStep()
  expect(removedNames()).toEqual([])
  const starts = listsSince(began).filter(({ query }) => !query.has('continue'))
  for (const [index, { atMs }] of starts.entries()) {
    if (index > 0) expect(atMs - (starts[index - 1]?.atMs ?? 0)).toBeGreaterThanOrEqual(4_900)
  }
})

/** The pages of a list by their order: the proxy counts, since a continue token tells nothing. */
let pages = 0
function pageOf(query: URLSearchParams): number {
  if (query.has('watch')) return 0
  pages = query.has('continue') ? pages + 1 : 1
  return pages
}

test('a list that is cut and watch lines that are cut lose nothing', async () => {
  const told410 = { wants: isWatchOf(targets), times: 1, refuse: { code: 410, body: expired } }
  proxy.add(told410)
  proxy.add({ wants: isListOf(targets), times: 1, cutAfterBytes: 300 })
  await meetFaults()
  await create('after-cut-list')
  await expectInStep()
  proxy.add({ wants: isWatchOf(targets), times: 1, lines: (line) => [line.slice(0, 100)] })
  await meetFaults()
  await create('in-cut-line')
  await expectInStep()
  proxy.add({ wants: isWatchOf(targets), times: 1, cutAfterBytes: 100 })
  await meetFaults()
  await create('in-cut-stream')
  await expectInStep()
  expect(removedNames()).toEqual([])
})

test('watches that end every second make no tight loop', async () => {
  proxy.add({ wants: isWatchOf(targets), endAfterMs: 1_000 })
  await meetFaults()
  const began = performance.now()
  for (let count = 0; count < 8; count++) {
    await create(`closed-${count}`)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  const watches = proxy.passages.filter((passage) => passage.atMs >= began && isWatchOf(targets)(passage))
  expect(watches.length).toBeLessThanOrEqual(Math.ceil((performance.now() - began) / 1_000) + 1)
  await expectInStep()
})

test('an overloaded API server gets at most one request a second', async () => {
  proxy.add({ wants: () => true, refuse: { code: 429, headers: { 'retry-after': '1' } } })
  proxy.cutAll()
  await create('overloaded')
  await new Promise((resolve) => setTimeout(resolve, 3_000)) // What was under way when the first 429 came.
  const began = performance.now()
  await new Promise((resolve) => setTimeout(resolve, 15_000))
  const sent = proxy.passages.filter(({ atMs }) => atMs >= began).length
  expect(sent).toBeLessThanOrEqual(16)
  proxy.clear()
  await expectInStep({ withinMs: 60_000 })
})

test('an object that was deleted and made anew in a gap of the watch is another one, and a replay changes nothing', async () => {
  const old = await create('reborn')
  await expectInStep()
  const withdraw = proxy.add({ wants: isWatchOf(targets), refuse: { code: 503 } })
  proxy.cutAll()
  await remove('reborn')
  const anew = await create('reborn')
  withdraw()
  await expectInStep()
  const story = told.all.flatMap((telling) => {
    const isAbout =
      (telling.told === 'upsert' || telling.told === 'remove') && telling.object.metadata.name === 'reborn'
    return isAbout ? [`${telling.told} ${telling.object.metadata.uid}`] : []
  })
  const [was, is] = [old.metadata.uid, anew.metadata.uid]
  expect(story).toEqual([`upsert ${was}`, `remove ${was}`, `upsert ${is}`])
  const replay = (type: string) => JSON.stringify({ type, object: old })
  proxy.add({ wants: isWatchOf(targets), lines: (line) => [replay('ADDED'), replay('DELETED'), line] })
  await meetFaults()
  await create('after-replay')
  await expectInStep()
})

test('a rotated token costs at most one failed round, and a new authority too', async () => {
  const { authorization } = proxy.passages.at(-1) ?? { authorization: '' }
  proxy.add({ wants: (passage) => passage.authorization === authorization, refuse: { code: 401 } })
  writeFileSync(tokenFile, await requestToken(client, { namespace, name: 'reader' }, 7_200))
  const before = proxy.passages.length
  await meetFaults()
  await create('new-token')
  await expectInStep()
  const refused = proxy.passages.slice(before).filter(({ code }) => code === 401)
  expect(refused.length).toBeLessThanOrEqual(watchedKinds.length + 1)
  const second = await CertificateAuthority.create('a new authority')
  await proxy.presentCertificateOf(second)
  writeFileSync(caFile, second.certificate)
  proxy.cutAll()
  await create('new-authority')
  await expectInStep()
  await proxy.presentCertificateOf(plane.authority)
})

test('a right that is lost and restored concerns its kind alone', async () => {
  const withdraw = proxy.add({
    wants: ({ path }) => path.endsWith('/silences'),
    refuse: { code: 403, body: { kind: 'Status', code: 403, reason: 'Forbidden' } },
  })
  proxy.cutAll()
  await told.until(
    (all) => all.some(({ told, kind }) => told === 'availability' && kind === 'Silence') && isForbidden(),
  )
  await create('without-silences')
  await expectInStep()
  withdraw()
  await told.until(() => availability('Silence') === 'synced')
})

function availability(kind: string): string | undefined {
  const states = told.all.flatMap((telling) =>
    telling.told === 'availability' && telling.kind === kind ? [telling.availability.state] : [],
  )
  return states.at(-1)
}

function isForbidden(): boolean {
  return availability('Silence') === 'forbidden'
}

test('definitions that come and go are followed without a restart', async () => {
  const crds = cluster.program('prometheus-operator-crds')
  await told.until(() => availability('PrometheusRule') === 'notServed')
  await installPrometheusOperatorCrds(cluster.kubectl, crds)
  await told.until(() => availability('PrometheusRule') === 'synced')
  const labels = { 'app.kubernetes.io/managed-by': 'roundsman' }
  const path = collectionPath('PrometheusRule', namespace)
  const rule = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'rules', labels },
    spec: {},
  }
  await client.create(path, rule)
  await told.until(() => told.objects('PrometheusRule').size === 1)
  await client.patch(`${path}/rules`, 'merge', {
    metadata: { labels: { 'app.kubernetes.io/managed-by': 'somebody' } },
  })
  await told.until(
    () =>
      told.objects('PrometheusRule').get(`${namespace}/rules`)?.metadata.labels?.[
        'app.kubernetes.io/managed-by'
      ] === 'somebody',
  )
  await removePrometheusOperatorCrds(cluster.kubectl, crds)
  await told.until(() => availability('PrometheusRule') === 'notServed')
  await installPrometheusOperatorCrds(cluster.kubectl, crds)
  await told.until(() => availability('PrometheusRule') === 'synced')
  expect(told.objects('PrometheusRule').size).toBe(0)
})

test('an API server that was away for 30 s is followed again within 10 s of its return', async () => {
  await connection.source.stop()
  await connection.close()
  await start(plane.server)
  connection.elector.start() // Its attempts are what finds out first.
  await plane.stopApiServer()
  await new Promise((resolve) => setTimeout(resolve, 30_000))
  await plane.startApiServer()
  const back = performance.now()
  await create('after-return')
  await expectInStep()
  expect(performance.now() - back).toBeLessThan(10_000)
})

test('a black-holed watch is found within 45 s, and no change is missed', async () => {
  const address = new URL(proxy.url).hostname
  const swallow = (verb: 'add' | 'del') =>
    spawnSync('ip', ['route', verb, 'blackhole', `${address}/32`, 'table', 'local']).status
  const isOpen = (passage: Passage) =>
    isWatchOf(targets)(passage) && passage.atMs > started && passage.code === 200
  await eventually('the watch is open', () => proxy.passages.some(isOpen))
  await create('before-black-hole')
  await expectInStep()
  const began = performance.now()
  proxy.freeze()
  expect(swallow('add')).toBe(0)
  await create('in-black-hole')
  await eventually(
    'the watch is given up',
    () => failures.some((failure) => failure.startsWith('InspectionTarget')),
    { withinMs: 60_000 },
  )
  const foundMs = performance.now() - began
  expect(swallow('del')).toBe(0)
  proxy.thaw()
  await expectInStep({ withinMs: 30_000 })
  expect(failures.filter((failure) => failure.startsWith('InspectionTarget'))[0]).toBe(
    'InspectionTarget ETIMEDOUT',
  )
  expect(foundMs).toBeLessThan(45_000)
})

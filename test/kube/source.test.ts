import { afterEach, beforeEach, expect, test } from 'vitest'
import { watchedKinds } from '../../src/control/control-plane.ts'
import type { KindName } from '../../src/domain/kinds.ts'
import type { KubeObject } from '../../src/domain/kube-object.ts'
import { noObserver } from '../../src/kube/observers.ts'
import { collectionPath } from '../../src/kube/paths.ts'
import { KubeSource } from '../../src/kube/source.ts'
import { Transport } from '../../src/kube/transport.ts'
import { Told } from '../control/told.ts'
import { FakeClock } from '../fakes/clock.ts'
import { FakeLog } from '../fakes/log.ts'
import { ScriptedApi, type ScriptedRequest } from './scripted-api.ts'

let api: ScriptedApi
let clock: FakeClock
let transport: Transport
let source: KubeSource
let told: Told

beforeEach(async () => {
  api = await ScriptedApi.start()
  clock = new FakeClock()
  told = new Told()
})

afterEach(async () => {
  await source.stop()
  await transport.close()
  await api.close()
  expect(api.violations).toEqual([])
})

function start(namespaces: readonly string[] = []): void {
  const common = { clock, random: () => 0, log: new FakeLog() }
  transport = new Transport({ access: api.access, ...common, observer: noObserver.requests })
  source = new KubeSource({ transport, ...common, observer: noObserver.reflectors, namespaces })
  source.start(told)
}

const isList = (kind: KindName, namespace?: string) => (request: ScriptedRequest) =>
  request.path === collectionPath(kind, namespace) && !request.query.has('watch')
const isWatch = (kind: KindName) => (request: ScriptedRequest) =>
  request.path === collectionPath(kind) && request.query.has('watch')

function listOf(objects: readonly object[]): object {
  return { metadata: { resourceVersion: '10' }, items: objects }
}

function named(name: string, uid = `uid-${name}`): object {
  return { metadata: { name, namespace: 'shop', uid, resourceVersion: '5' } }
}

test('lists every kind that decisions look at, of rules and routes only our own, and of definitions only the names', async () => {
  start()
  const selectors = new Map<string, string | null>()
  for (let count = 0; count < watchedKinds.length; count++) {
    const request = await api.next(({ path }) => !path.includes('customresourcedefinitions'))
    selectors.set(request.path, request.query.get('labelSelector'))
  }
  expect([...selectors.keys()].sort()).toEqual(watchedKinds.map((kind) => collectionPath(kind)).sort())
  for (const kind of watchedKinds) {
    const isOursAlone = ['PrometheusRule', 'AlertmanagerConfig'].includes(kind)
    const selector = isOursAlone ? 'app.kubernetes.io/managed-by=roundsman' : null
    expect(selectors.get(collectionPath(kind))).toBe(selector)
  }
  const definitions = await api.next()
  expect(definitions.headers.accept).toContain('as=PartialObjectMetadataList')
})

test('looks at once when the definition of a kind that was not served appears', async () => {
  start()
  ;(await api.next(isList('PrometheusRule'))).refuse(404)
  ;(await api.next(isList('CustomResourceDefinition'))).reply(listOf([]))
  await told.until((all) =>
    all.some(({ told, kind }) => told === 'availability' && kind === 'PrometheusRule'),
  )
  const definitions = await api.next(isWatch('CustomResourceDefinition'))
  definitions.begin()
  await clock.untilTimer(150_000)
  await clock.advanceAsync(5_000)
  ;(await api.next(isList('PrometheusRule'))).refuse(404)
  await clock.untilTimer(1_600)
  clock.advance(1_500) // The pause is not over, and the five seconds between two lists neither.
  const definition = { name: 'prometheusrules.monitoring.coreos.com', uid: 'u', resourceVersion: '12' }
  await definitions.event('ADDED', { metadata: definition })
  await clock.untilTimer(3_500)
  clock.advance(3_500)
  ;(await api.next(isList('PrometheusRule'))).reply(listOf([named('rules')]))
  await told.untilSynced('PrometheusRule')
  const states = told.all.flatMap((telling) =>
    telling.told === 'availability' && telling.kind === 'PrometheusRule' ? [telling.availability.state] : [],
  )
  expect(states).toEqual(['notServed', 'synced'])
})

test('goes on without the right to see definitions, and with one kind in trouble', async () => {
  start()
  ;(await api.next(isList('CustomResourceDefinition'))).refuse(403, { reason: 'Forbidden' })
  ;(await api.next(isList('Service'))).refuse(403, { reason: 'Forbidden' })
  ;(await api.next(isList('AlertPolicy'))).reply(listOf([]))
  await told.untilSynced('AlertPolicy')
  await told.until((all) =>
    all.some((telling) => telling.told === 'availability' && telling.availability.state === 'forbidden'),
  )
  expect(told.all.filter(({ kind }) => kind === 'CustomResourceDefinition')).toEqual([])
})

test('tells the lists of several namespaces as one, and not before it has them all', async () => {
  start(['shop', 'bank'])
  ;(await api.next(isList('InspectionTarget', 'shop'))).reply(listOf([named('a')]))
  await api.next(
    ({ path, query }) => path === collectionPath('InspectionTarget', 'shop') && query.has('watch'),
  )
  expect(told.all.filter(({ told }) => told === 'replace')).toEqual([])
  ;(await api.next(isList('InspectionTarget', 'bank'))).reply(listOf([named('b')]))
  await told.untilSynced('InspectionTarget')
  const lists = told.all.flatMap((telling) => (telling.told === 'replace' ? [telling.objects] : []))
  expect(lists.map((objects) => objects.map(({ metadata }: KubeObject) => metadata.name))).toEqual([
    ['a', 'b'],
  ])
})

test('keeps what the other namespaces have when one is listed anew', async () => {
  api.answerEach(
    ({ path }) => !path.endsWith('/inspectiontargets'),
    (request) => request.refuse(404),
  )
  start(['shop', 'bank'])
  ;(await api.next(isList('InspectionTarget', 'shop'))).reply(listOf([named('a')]))
  ;(await api.next(isList('InspectionTarget', 'bank'))).reply(listOf([named('b')]))
  await told.untilSynced('InspectionTarget')
  const isShopWatch = ({ path, query }: ScriptedRequest) =>
    path === collectionPath('InspectionTarget', 'shop') && query.has('watch')
  ;(await api.next(isShopWatch)).refuse(410)
  await clock.untilTimer(5_000)
  clock.advance(5_000)
  ;(await api.next(isList('InspectionTarget', 'shop'))).reply(listOf([named('c')]))
  await told.until((all) => all.filter(({ told }) => told === 'replace').length === 2)
  expect([...told.objects('InspectionTarget').keys()].sort()).toEqual(['shop/b', 'shop/c'])
})

test('asks for a namespace by its name when it is limited to some', async () => {
  start(['shop'])
  const list = await api.next(isList('Namespace'))
  expect(list.query.get('fieldSelector')).toBe('metadata.name=shop')
})

test('doubts what is missing for five minutes after the API server showed an older state', async () => {
  const rewound: (boolean | undefined)[] = []
  told.replace = (_kind: KindName, _objects: readonly KubeObject[], options?: { isRewound: boolean }) =>
    void rewound.push(options?.isRewound)
  start()
  ;(await api.next(isList('Silence'))).reply(listOf([]))
  ;(await api.next(isWatch('Silence'))).refuse(410)
  expect(source.isHistoryDoubtful()).toBe(false)
  await clock.untilTimer(5_000)
  clock.advance(5_000)
  ;(await api.next(isList('Silence'))).reply({ metadata: { resourceVersion: '9' }, items: [] })
  await api.next(isWatch('Silence'))
  expect(rewound).toEqual([false, true])
  expect(source.isHistoryDoubtful()).toBe(true)
  clock.advance(300_000)
  expect(source.isHistoryDoubtful()).toBe(false)
})

test('tells when each reflector last tried something', async () => {
  start()
  clock.advance(1_000)
  const attempts = source.lastAttempts()
  expect(attempts).toHaveLength(watchedKinds.length + 1)
  for (const { atMonotonicMs } of attempts) expect(atMonotonicMs).toBe(clock.monotonicMs() - 1_000)
})

test('tells what it may see of some namespaces though another one is forbidden', async () => {
  start(['shop', 'bank'])
  ;(await api.next(isList('InspectionTarget', 'bank'))).refuse(403, { reason: 'Forbidden' })
  ;(await api.next(isList('InspectionTarget', 'shop'))).reply(listOf([named('a')]))
  await told.until((all) => all.some(({ told, kind }) => told === 'replace' && kind === 'InspectionTarget'))
  const states = told.all.flatMap((telling) =>
    telling.told === 'availability' && telling.kind === 'InspectionTarget'
      ? [telling.availability.state]
      : [],
  )
  expect(states).not.toContain('synced')
})

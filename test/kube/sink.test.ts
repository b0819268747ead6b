import { afterEach, beforeEach, expect, test } from 'vitest'
import type { KubeObject } from '../../src/domain/kube-object.ts'
import { noObserver } from '../../src/kube/observers.ts'
import { KubeSink } from '../../src/kube/sink.ts'
import { Transport } from '../../src/kube/transport.ts'
import { WriteLimits } from '../../src/kube/write-limits.ts'
import type { PlannedEvent } from '../../src/reconcile/plan.ts'
import { FakeClock } from '../fakes/clock.ts'
import { FakeLog } from '../fakes/log.ts'
import { ScriptedApi, type ScriptedRequest } from './scripted-api.ts'

let api: ScriptedApi
let transport: Transport
let sink: KubeSink
let emitted: PlannedEvent[]

beforeEach(async () => {
  api = await ScriptedApi.start()
  const clock = new FakeClock()
  const observer = noObserver.requests
  transport = new Transport({ access: api.access, clock, random: () => 0, log: new FakeLog(), observer })
  emitted = []
  const emit = (event: PlannedEvent) => void emitted.push(event)
  sink = new KubeSink({ transport, limits: new WriteLimits(clock), emit })
})

afterEach(async () => {
  await transport.close()
  await api.close()
  expect(api.violations).toEqual([])
})

const metadata = { name: 'rules', namespace: 'shop', labels: { a: 'b' } }
const rule: KubeObject = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PrometheusRule',
  metadata,
  spec: { groups: [] },
}
const ref = { kind: 'PrometheusRule', namespace: 'shop', name: 'rules' } as const
const path = '/apis/monitoring.coreos.com/v1/namespaces/shop/prometheusrules/rules'
const stored = { ...rule, metadata: { ...metadata, uid: 'u1', resourceVersion: '7', managedFields: [{}] } }
const controller = 'roundsman/controller'

function asked(request: ScriptedRequest): unknown {
  const { method, headers } = request
  return [method, request.path, Object.fromEntries(request.query), headers['content-type'], request.json]
}

test('creates by an apply of version 1, which is nowhere, and without force', async () => {
  const answer = sink.create(rule, controller)
  const request = await api.next()
  const body = { ...rule, metadata: { ...metadata, resourceVersion: '1' } }
  expect(asked(request)).toEqual([
    'PATCH',
    path,
    { fieldManager: controller },
    'application/apply-patch+yaml',
    body,
  ])
  request.reply(stored, { code: 201 })
  const { managedFields: _, ...kept } = stored.metadata
  expect(await answer).toEqual({ ok: true, value: { ...stored, metadata: kept } })
})

test('says of a taken name that it is taken', async () => {
  const answer = sink.create(rule, controller)
  ;(await api.next()).refuse(409, { reason: 'Conflict' })
  expect(await answer).toMatchObject({ failure: { kind: 'alreadyExists' } })
})

test('updates the object of one UID by force, whatever its version', async () => {
  const answer = sink.update({ ...rule, metadata: { ...metadata, resourceVersion: '5' } }, controller, {
    uid: 'u1',
  })
  const request = await api.next()
  const body = { ...rule, metadata: { ...metadata, uid: 'u1' } }
  const query = { fieldManager: controller, force: 'true' }
  expect(asked(request)).toEqual(['PATCH', path, query, 'application/apply-patch+yaml', body])
  request.refuse(422, { reason: 'Invalid', details: { causes: [{ field: 'metadata.uid' }] } })
  expect(await answer).toMatchObject({ failure: { kind: 'conflict' } })
})

test('writes a status of one manager, guarded by the version and not by the UID', async () => {
  const target = { kind: 'InspectionTarget', namespace: 'shop', name: 'checkout' } as const
  const options = { manager: 'roundsman/prober', uid: 'u1', resourceVersion: '7' } as const
  const answer = sink.updateStatus(target, { verdict: 'Healthy' }, options)
  const request = await api.next()
  expect(asked(request)).toEqual([
    'PATCH',
    '/apis/roundsman.dev/v1alpha1/namespaces/shop/inspectiontargets/checkout/status',
    { fieldManager: 'roundsman/prober', force: 'true' },
    'application/apply-patch+yaml',
    {
      apiVersion: 'roundsman.dev/v1alpha1',
      kind: 'InspectionTarget',
      metadata: { name: 'checkout', namespace: 'shop', resourceVersion: '7' },
      status: { verdict: 'Healthy' },
    },
  ])
  request.refuse(404, { reason: 'NotFound', details: { name: 'checkout' } })
  expect(await answer).toMatchObject({ failure: { kind: 'notFound' } })
})

test('names the subresource of a missing right', async () => {
  const target = { kind: 'InspectionTarget', namespace: 'shop', name: 'checkout' } as const
  const answer = sink.updateStatus(target, {}, { manager: controller, uid: 'u1', resourceVersion: '7' })
  ;(await api.next()).refuse(403, { reason: 'Forbidden' })
  const message = 'not permitted to patch inspectiontargets/status.roundsman.dev checkout in namespace shop'
  expect(await answer).toEqual({ ok: false, failure: { kind: 'forbidden', message } })
})

const precondition = { uid: 'u1', resourceVersion: '7' }

test('removes with both preconditions', async () => {
  const answer = sink.remove(ref, precondition)
  const request = await api.next()
  const body = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: 'Background',
    preconditions: precondition,
  }
  expect(asked(request)).toEqual(['DELETE', path, {}, 'application/json', body])
  request.reply({ kind: 'Status' })
  expect(await answer).toEqual({ ok: true, value: undefined })
})

test('finds out by reading which of the two preconditions failed', async () => {
  const gone = sink.remove(ref, precondition)
  ;(await api.next()).refuse(409, { reason: 'Conflict' })
  ;(await api.next()).reply({ ...stored, metadata: { ...stored.metadata, uid: 'u2' } })
  expect(await gone).toEqual({ ok: true, value: undefined })
  const changed = sink.remove(ref, precondition)
  ;(await api.next()).refuse(409, { reason: 'Conflict' })
  ;(await api.next()).reply(stored)
  expect(await changed).toMatchObject({ failure: { kind: 'conflict' } })
})

const silence: KubeObject = {
  apiVersion: 'roundsman.dev/v1alpha1',
  kind: 'Silence',
  metadata: {
    name: 'release',
    namespace: 'shop',
    uid: 'u1',
    resourceVersion: '7',
    finalizers: ['other', 'ours'],
  },
}

test('removes one entry of the finalizers, tested by its place and its object', async () => {
  const answer = sink.setFinalizer(silence, { finalizer: 'ours', present: false })
  const request = await api.next()
  expect(request.headers['content-type']).toBe('application/json-patch+json')
  expect(JSON.parse(request.body)).toEqual([
    { op: 'test', path: '/metadata/uid', value: 'u1' },
    { op: 'test', path: '/metadata/finalizers/1', value: 'ours' },
    { op: 'remove', path: '/metadata/finalizers/1' },
  ])
  request.reply(silence)
  expect((await answer).ok).toBe(true)
})

test('adds a finalizer only to the version that it saw', async () => {
  const { finalizers: _, ...bare } = silence.metadata
  const answer = sink.setFinalizer({ ...silence, metadata: bare }, { finalizer: 'ours', present: true })
  const request = await api.next()
  expect(JSON.parse(request.body)).toEqual([
    { op: 'test', path: '/metadata/uid', value: 'u1' },
    { op: 'test', path: '/metadata/resourceVersion', value: '7' },
    { op: 'add', path: '/metadata/finalizers', value: ['ours'] },
  ])
  request.reply(silence)
  expect((await answer).ok).toBe(true)
})

test('gives up a finalizer that moves every time', async () => {
  const answer = sink.setFinalizer(silence, { finalizer: 'ours', present: false })
  for (let tries = 1; ; tries++) {
    ;(await api.next()).refuse(422, { reason: 'Invalid' })
    if (tries === 4) break
    ;(await api.next()).reply(silence)
  }
  expect(await answer).toMatchObject({ failure: { kind: 'invalid' } })
})

test('hands on events without waiting for anything', () => {
  const regarding = { ...ref, uid: 'u1' }
  const event = { regarding, type: 'Normal', reason: 'Accepted', action: 'Apply', note: 'it is so' } as const
  sink.emit(event)
  expect(emitted).toEqual([event])
})

test('gives up a write under way when the term of leading that it began in ends', async () => {
  const term = new AbortController()
  const clock = new FakeClock()
  const limits = new WriteLimits(clock)
  sink = new KubeSink({ transport, limits, emit: () => {}, term: () => term.signal })
  const answer = sink.create(rule, controller)
  const request = await api.next()
  term.abort()
  expect(await answer).toMatchObject({ ok: false, failure: { kind: 'unavailable' } })
  await request.gone
})

test('does not send what waited for its turn when the term has ended meanwhile', async () => {
  const term = new AbortController()
  const clock = new FakeClock()
  const limits = new WriteLimits(clock)
  sink = new KubeSink({ transport, limits, emit: () => {}, term: () => term.signal })
  const before = Promise.withResolvers<void>()
  const others = Array.from({ length: 20 }, () => limits.run('first', () => before.promise))
  const answer = sink.create(rule, controller)
  term.abort()
  before.resolve()
  await Promise.all(others)
  expect(await answer).toMatchObject({ ok: false, failure: { kind: 'unavailable' } })
  expect(api.untaken).toBe(0)
})

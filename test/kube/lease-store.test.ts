import { afterEach, beforeEach, expect, test } from 'vitest'
import { type LeaseRecord, type LeaseStore, leaseStore } from '../../src/kube/lease-store.ts'
import { noObserver } from '../../src/kube/observers.ts'
import { Transport } from '../../src/kube/transport.ts'
import { FakeClock } from '../fakes/clock.ts'
import { FakeLog } from '../fakes/log.ts'
import { ScriptedApi } from './scripted-api.ts'

let api: ScriptedApi
let clock: FakeClock
let transport: Transport
let store: LeaseStore

beforeEach(async () => {
  api = await ScriptedApi.start()
  clock = new FakeClock()
  const observer = noObserver.requests
  transport = new Transport({ access: api.access, clock, random: () => 0, log: new FakeLog(), observer })
  store = leaseStore(transport, { namespace: 'roundsman', name: 'roundsman' })
})

afterEach(async () => {
  await transport.close()
  await api.close()
  expect(api.violations).toEqual([])
})

const collection = '/apis/coordination.k8s.io/v1/namespaces/roundsman/leases'
const record: LeaseRecord = {
  holder: 'pod-1',
  durationSeconds: 9,
  acquireTime: '2026-01-01T00:00:00.000000Z',
  renewTime: '2026-01-01T00:00:03.000000Z',
  transitions: 2,
  annotations: { 'roundsman.dev/address': '10.0.0.1:9797' },
  labels: { app: 'roundsman' },
  resourceVersion: '7',
}
const lease = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: {
    name: 'roundsman',
    namespace: 'roundsman',
    labels: record.labels,
    annotations: record.annotations,
    resourceVersion: '7',
  },
  spec: {
    holderIdentity: 'pod-1',
    leaseDurationSeconds: 9,
    acquireTime: record.acquireTime,
    renewTime: record.renewTime,
    leaseTransitions: 2,
  },
}

test('reads the record, and undefined when there is none', async () => {
  const answer = store.read(3_000)
  const request = await api.next()
  expect([request.method, request.path]).toEqual(['GET', `${collection}/roundsman`])
  request.reply(lease)
  expect(await answer).toEqual({ ok: true, value: record })
  const missing = store.read(3_000)
  ;(await api.next()).refuse(404, { reason: 'NotFound', details: { name: 'roundsman' } })
  expect(await missing).toEqual({ ok: true, value: undefined })
})

test('takes a record that a person emptied for one that nobody holds', async () => {
  const answer = store.read(3_000)
  ;(await api.next()).reply({ metadata: { resourceVersion: '8' }, spec: null })
  expect(await answer).toMatchObject({
    ok: true,
    value: { holder: '', durationSeconds: 0, resourceVersion: '8' },
  })
})

test('replaces the record of one version with all that it had', async () => {
  const answer = store.write(record, 3_000)
  const request = await api.next()
  expect([request.method, request.path]).toEqual(['PUT', `${collection}/roundsman`])
  expect(request.json).toEqual(lease)
  request.refuse(409, { reason: 'Conflict' })
  expect(await answer).toMatchObject({ ok: false, failure: { kind: 'conflict' } })
})

test('creates the first one', async () => {
  const answer = store.write({ ...record, resourceVersion: '' }, 3_000)
  const request = await api.next()
  expect([request.method, request.path]).toEqual(['POST', collection])
  expect(request.json.metadata).not.toHaveProperty('resourceVersion')
  request.reply(lease, { code: 201 })
  expect(await answer).toEqual({ ok: true, value: record })
})

test('sends nothing twice and waits no longer than it was told', async () => {
  const overloaded = store.write(record, 3_000)
  ;(await api.next()).refuse(429, {}, { 'retry-after': '1' })
  expect(await overloaded).toMatchObject({ failure: { kind: 'unavailable' } })
  const hanging = store.write(record, 3_000)
  await api.next()
  clock.advance(3_000)
  expect(await hanging).toMatchObject({ failure: { kind: 'unavailable' } })
})

import { afterEach, beforeEach, expect, test } from 'vitest'
import { EventRecorder } from '../../src/kube/events.ts'
import { noObserver } from '../../src/kube/observers.ts'
import { Transport } from '../../src/kube/transport.ts'
import { WriteLimits } from '../../src/kube/write-limits.ts'
import type { PlannedEvent } from '../../src/reconcile/plan.ts'
import { FakeClock } from '../fakes/clock.ts'
import { FakeLog } from '../fakes/log.ts'
import { ScriptedApi, type ScriptedRequest } from './scripted-api.ts'

let api: ScriptedApi
let clock: FakeClock
let transport: Transport
let recorder: EventRecorder
let dropped: string[]

beforeEach(async () => {
  api = await ScriptedApi.start()
  clock = new FakeClock()
  const random = () => 0
  transport = new Transport({
    access: api.access,
    clock,
    random,
    log: new FakeLog(),
    observer: noObserver.requests,
  })
  dropped = []
  const observer = { dropped: (cause: string) => void dropped.push(cause) }
  const limits = new WriteLimits(clock)
  recorder = new EventRecorder({ transport, limits, clock, random, observer, instance: 'pod-1' })
})

afterEach(async () => {
  recorder.close()
  await transport.close()
  await api.close()
  expect(api.violations).toEqual([])
})

function told(reason: string, name = 'checkout'): PlannedEvent {
  const regarding = { kind: 'InspectionTarget', namespace: 'shop', name, uid: `uid-${name}` } as const
  return { regarding, type: 'Warning', reason, action: 'Probe', note: 'expected 2xx, got 503' }
}

/** The next write, answered well. */
async function nextWrite(): Promise<ScriptedRequest> {
  const request = await api.next()
  request.reply(request.json, { code: 201 })
  return request
}

const events = '/apis/events.k8s.io/v1/namespaces/shop/events'

test('writes an event with all that the API server demands', async () => {
  recorder.emit(told('HttpStatus'))
  const { method, path, json } = await nextWrite()
  expect([method, path]).toEqual(['POST', events])
  expect(json).toEqual({
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: expect.stringMatching(/^checkout\.[0-9a-f]{16}$/), namespace: 'shop' },
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'roundsman.dev/operator',
    reportingInstance: 'pod-1',
    action: 'Probe',
    reason: 'HttpStatus',
    type: 'Warning',
    note: 'expected 2xx, got 503',
    regarding: {
      apiVersion: 'roundsman.dev/v1alpha1',
      kind: 'InspectionTarget',
      name: 'checkout',
      namespace: 'shop',
      uid: 'uid-checkout',
    },
  })
})

test('puts the events of cluster-scoped objects into namespace default', async () => {
  const event = told('Accepted')
  recorder.emit({ ...event, regarding: { kind: 'Namespace', namespace: '', name: 'shop', uid: 'u' } })
  const { path, json } = await nextWrite()
  expect(path).toBe('/apis/events.k8s.io/v1/namespaces/default/events')
  expect(json.regarding).not.toHaveProperty('namespace')
})

test('cuts a note at 1,024 bytes without cutting a character', async () => {
  recorder.emit({ ...told('HttpStatus'), note: `ab${'检'.repeat(500)}` })
  const note = (await nextWrite()).json.note as string
  expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1_024)
  expect(note).toMatch(/^ab检+…$/)
})

test('tells repeats as a series, at most once a minute', async () => {
  recorder.emit(told('HttpStatus'))
  const first = await nextWrite()
  await clock.untilTimer(100) // It settles before the repeats come.
  for (let repeat = 0; repeat < 5; repeat++) {
    clock.advance(10_000)
    recorder.emit(told('HttpStatus'))
  }
  expect(api.untaken).toBe(0)
  clock.advance(10_000)
  const second = await nextWrite()
  const name = (first.json.metadata as { name: string }).name
  expect([second.method, second.path]).toEqual(['PATCH', `${events}/${name}`])
  expect(second.headers['content-type']).toBe('application/merge-patch+json')
  expect(second.json).toEqual({ series: { count: 6, lastObservedTime: '2026-01-01T00:00:50.000000Z' } })
})

test('begins a new series after six quiet minutes', async () => {
  recorder.emit(told('HttpStatus'))
  const first = await nextWrite()
  await clock.untilTimer(100)
  clock.advance(360_000)
  recorder.emit(told('HttpStatus'))
  const second = await nextWrite()
  expect(second.method).toBe('POST')
  expect(second.json.metadata).not.toEqual(first.json.metadata)
})

test('begins anew when the event has expired on the API server', async () => {
  recorder.emit(told('HttpStatus'))
  await nextWrite()
  await clock.untilTimer(100)
  recorder.emit(told('HttpStatus'))
  clock.advance(60_000)
  ;(await api.next()).refuse(404, { reason: 'NotFound', details: { name: 'checkout' } })
  const again = await nextWrite()
  expect(again.method).toBe('POST')
})

test('counts an event that exists already as written: an answer was lost', async () => {
  recorder.emit(told('HttpStatus'))
  const first = await api.next()
  first.cut()
  await clock.untilTimer(800)
  clock.advance(800)
  const second = await api.next()
  expect(second.json).toEqual(first.json)
  second.refuse(409, { reason: 'AlreadyExists' })
  await clock.untilTimer(100)
  expect(dropped).toEqual([])
})

test('drops what the API server refuses, and goes on with the next', async () => {
  recorder.emit(told('HttpStatus'))
  recorder.emit(told('ConnectRefused', 'orders'))
  ;(await api.next()).refuse(422, { reason: 'Invalid' })
  await clock.untilTimer(100)
  clock.advance(100)
  const next = await nextWrite()
  expect(next.json.reason).toBe('ConnectRefused')
  expect(dropped).toEqual(['refused'])
})

test('lets one object tell 25 things at once, and then one every five minutes', async () => {
  for (let number = 0; number < 30; number++) recorder.emit(told(`Reason${number}`))
  expect(dropped).toEqual(Array(5).fill('limited'))
  clock.advance(300_000)
  recorder.emit(told('ReasonLate'))
  recorder.emit(told('ReasonLater'))
  expect(dropped).toHaveLength(6)
})

test('keeps the newest thousand and counts what it drops, while the API server does not answer', () => {
  for (let number = 0; number < 1_101; number++) recorder.emit(told('HttpStatus', `target-${number}`))
  expect(dropped).toEqual(Array(100).fill('full')) // One more is being written.
})

test('writes at most ten a second', async () => {
  for (let number = 0; number < 5; number++) recorder.emit(told('HttpStatus', `target-${number}`))
  for (let number = 0; number < 5; number++) {
    await nextWrite()
    await clock.untilTimer(100)
    expect(api.untaken).toBe(0)
    clock.advance(100)
  }
})

test('forgets what has been quiet, and keeps no timer once it has nothing to remember', async () => {
  recorder.emit(told('HttpStatus'))
  await nextWrite()
  await clock.untilTimer(100)
  await clock.advanceAsync(3 * 3_600_000)
  expect(clock.pending).toBe(0)
})

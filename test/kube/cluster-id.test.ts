import { afterEach, beforeEach, expect, test } from 'vitest'
import { readClusterId } from '../../src/kube/cluster-id.ts'
import { noObserver } from '../../src/kube/observers.ts'
import { Transport } from '../../src/kube/transport.ts'
import { FakeClock } from '../fakes/clock.ts'
import { FakeLog } from '../fakes/log.ts'
import { ScriptedApi } from './scripted-api.ts'

let api: ScriptedApi
let clock: FakeClock
let transport: Transport

beforeEach(async () => {
  api = await ScriptedApi.start()
  clock = new FakeClock()
  const observer = noObserver.requests
  transport = new Transport({ access: api.access, clock, random: () => 0, log: new FakeLog(), observer })
})

afterEach(async () => {
  await transport.close()
  await api.close()
})

test('is the UID of namespace kube-system, asked for until the API server answers', async () => {
  const answer = readClusterId(transport, { clock, random: () => 0 })
  ;(await api.next()).refuse(503)
  await clock.untilTimer(800)
  clock.advance(800)
  const request = await api.next()
  expect(request.path).toBe('/api/v1/namespaces/kube-system')
  request.reply({ metadata: { uid: 'u1' } })
  expect(await answer).toEqual({ ok: true, value: 'u1' })
})

test('tells a missing right at once', async () => {
  const answer = readClusterId(transport, { clock, random: () => 0 })
  ;(await api.next()).refuse(403, { reason: 'Forbidden' })
  const message = 'not permitted to get namespaces kube-system in the whole cluster'
  expect(await answer).toEqual({ ok: false, failure: { kind: 'forbidden', message } })
})

test('gives up after two minutes', async () => {
  const answer = readClusterId(transport, { clock, random: () => 0 })
  ;(await api.next()).refuse(503)
  await clock.untilTimer(800)
  clock.advance(120_000)
  ;(await api.next()).refuse(503)
  expect(await answer).toMatchObject({ ok: false, failure: { kind: 'unavailable' } })
})

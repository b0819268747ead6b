import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ApiAccess } from '../../src/kube/access.ts'
import { tokenFileCredentials } from '../../src/kube/credentials.ts'
import type { RequestObserver } from '../../src/kube/observers.ts'
import { type Call, Transport } from '../../src/kube/transport.ts'
import { FakeClock } from '../fakes/clock.ts'
import { FakeLog } from '../fakes/log.ts'
import { ScriptedApi } from './scripted-api.ts'

type Observed = { answered: Parameters<RequestObserver['answered']>[0][]; retried: string[] }

let api: ScriptedApi
let clock: FakeClock
let transport: Transport
let observed: Observed

beforeEach(async () => {
  api = await ScriptedApi.start()
  clock = new FakeClock()
  connect(api.access)
})

afterEach(async () => {
  await transport.close()
  await api.close()
  expect(api.violations).toEqual([])
  expect(clock.pending).toBe(0) // No deadline outlives its call.
})

function connect(access: ApiAccess, random = () => 0): void {
  observed = { answered: [], retried: [] }
  const observer: RequestObserver = {
    answered: (request) => observed.answered.push(request),
    retried: ({ code }) => observed.retried.push(code),
  }
  transport = new Transport({ access, clock, random, log: new FakeLog(), observer })
}

const question = { verb: 'get', resource: 'services', namespace: 'shop', name: 'cart' }
const get: Call = { question, method: 'GET', path: '/api/v1/namespaces/shop/services/cart' }

test('gives the JSON of an answer, and tells the observer of it', async () => {
  const answer = transport.send({ ...get, query: { a: 'b c' } })
  const request = await api.next()
  expect(request.headers).toMatchObject({ authorization: 'Bearer good', accept: 'application/json' })
  expect(request.query.get('a')).toBe('b c')
  request.reply({ kind: 'Service' })
  expect(await answer).toEqual({ ok: true, value: { kind: 'Service' } })
  const host = new URL(api.url).host
  expect(observed.answered).toEqual([
    { verb: 'get', resource: 'services', method: 'GET', host, code: '200', seconds: 0 },
  ])
})

test('sends many requests over few connections', async () => {
  const answers = Array.from({ length: 100 }, () => transport.send(get))
  for (let count = 0; count < 100; count++) {
    const request = await api.next()
    expect(api.openSockets).toBeLessThanOrEqual(16)
    request.reply({})
  }
  expect((await Promise.all(answers)).every(({ ok }) => ok)).toBe(true)
})

test('gives up at its deadline and says so', async () => {
  const answer = transport.send({ ...get, deadlineMs: 5_000 })
  const request = await api.next()
  clock.advance(5_000)
  expect(await answer).toEqual({
    ok: false,
    failure: {
      kind: 'unavailable',
      trouble: 'network',
      code: 'ETIMEDOUT',
      message: 'get services shop/cart got no answer: nothing within 5s (ETIMEDOUT)',
    },
  })
  await request.gone
})

test('gives up a body that drips past the deadline', async () => {
  const answer = transport.send(get)
  const request = await api.next()
  request.begin()
  await request.write('{"kind"')
  clock.advance(30_000)
  expect(await answer).toMatchObject({ failure: { trouble: 'network', code: 'ETIMEDOUT' } })
})

test('refuses an answer over its byte limit', async () => {
  const answer = transport.send({ ...get, bytesMax: 1_000 })
  const request = await api.next()
  request.reply({ text: 'x'.repeat(1_000) })
  expect(await answer).toMatchObject({ failure: { kind: 'unavailable', trouble: 'malformed' } })
})

test('refuses an answer that is cut, that is not JSON, or not UTF-8', async () => {
  const cut = transport.send(get)
  const first = await api.next()
  first.begin()
  await first.write('{"kind":')
  first.cut()
  expect(await cut).toMatchObject({ failure: { trouble: 'network' } })
  const page = transport.send(get)
  ;(await api.next()).reply('<html>')
  expect(await page).toMatchObject({ failure: { trouble: 'malformed' } })
  const bytes = transport.send(get)
  const third = await api.next()
  third.begin()
  await third.write(new Uint8Array([0x22, 0xff, 0x22]))
  third.end()
  expect(await bytes).toMatchObject({ failure: { trouble: 'malformed' } })
})

test('says that nobody listens', async () => {
  await api.close()
  expect(await transport.send(get)).toMatchObject({
    failure: { kind: 'unavailable', trouble: 'network', code: 'ECONNREFUSED' },
  })
  api = await ScriptedApi.start()
})

test('sends again after 429, not before the time that the API server named', async () => {
  const answer = transport.send(get)
  ;(await api.next()).refuse(429, {}, { 'retry-after': '3' })
  await clock.untilTimer(3_000)
  clock.advance(2_999)
  expect(api.untaken).toBe(0)
  clock.advance(1)
  ;(await api.next()).reply({})
  expect(await answer).toEqual({ ok: true, value: {} })
  expect(observed.retried).toEqual(['429'])
})

test('does not wait for a time that lies past the deadline', async () => {
  const answer = transport.send(get)
  ;(await api.next()).refuse(429, {}, { 'retry-after': '60' })
  expect(await answer).toMatchObject({ failure: { trouble: 'overloaded', retryAfterMs: 60_000 } })
})

test('sends at most one request a second while the API server is overloaded', async () => {
  const first = transport.send(get)
  ;(await api.next()).refuse(429, {}, { 'retry-after': '60' })
  await first
  const answers = Array.from({ length: 5 }, () => transport.send(get))
  const arrivals: number[] = []
  for (let count = 0; count < 5; count++) {
    await clock.untilTimer(0, 1_000)
    clock.advance(1_000)
    const request = await api.next()
    arrivals.push(clock.monotonicMs())
    request.refuse(429, {}, { 'retry-after': '60' })
  }
  await Promise.all(answers)
  for (const [index, at] of arrivals.entries()) {
    if (index > 0) expect(at - (arrivals[index - 1] ?? 0)).toBeGreaterThanOrEqual(1_000)
  }
})

test('lets everyone go again once the overload has passed', async () => {
  const first = transport.send(get)
  ;(await api.next()).refuse(429, {}, { 'retry-after': '60' })
  await first
  const answers = Array.from({ length: 5 }, () => transport.send(get))
  clock.advance(1_000)
  for (let count = 0; count < 5; count++) (await api.next()).reply({})
  expect((await Promise.all(answers)).every(({ ok }) => ok)).toBe(true)
})

test('sends again after 503 with Retry-After, and not without it', async () => {
  const told = transport.send(get)
  ;(await api.next()).refuse(503, {}, { 'retry-after': '1' })
  await clock.untilTimer(1_000)
  clock.advance(1_000)
  ;(await api.next()).reply({})
  expect((await told).ok).toBe(true)
  const untold = transport.send(get)
  ;(await api.next()).refuse(503)
  expect(await untold).toMatchObject({ failure: { trouble: 'broken', status: 503 } })
})

test('never sends a call of the lease again, and never holds it back', async () => {
  const overloaded = transport.send(get)
  ;(await api.next()).refuse(429, {}, { 'retry-after': '60' })
  await overloaded
  const urgent = transport.send({ ...get, isUrgent: true })
  ;(await api.next()).refuse(429, {}, { 'retry-after': '1' })
  expect(await urgent).toMatchObject({ failure: { trouble: 'overloaded' } })
})

test('does not let a call of the lease wait behind slow answers', async () => {
  const slow = Array.from({ length: 20 }, () => transport.send(get))
  for (let count = 0; count < 16; count++) await api.next()
  const urgent = transport.send({ ...get, path: '/lease', isUrgent: true })
  ;(await api.next(({ path }) => path === '/lease')).reply({})
  expect((await urgent).ok).toBe(true)
  await transport.close()
  await Promise.all(slow)
})

test('reads a rotated token after one refusal, and gives up after the second', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'token-'))
  const file = join(folder, 'token')
  await writeFile(file, 'old\n')
  connect({ ...api.access, credentials: tokenFileCredentials(file, clock) })
  const answer = transport.send(get)
  const first = await api.next()
  expect(first.headers.authorization).toBe('Bearer old')
  await writeFile(file, 'new\n')
  first.refuse(401)
  const second = await api.next()
  expect(second.headers.authorization).toBe('Bearer new')
  second.reply({})
  expect((await answer).ok).toBe(true)
  const refused = transport.send(get)
  ;(await api.next()).refuse(401)
  ;(await api.next()).refuse(401)
  expect(await refused).toMatchObject({ failure: { trouble: 'unauthorized', status: 401 } })
  await rm(folder, { recursive: true })
})

test('counts a missing token file as a transient trouble', async () => {
  connect({ ...api.access, credentials: tokenFileCredentials('/nowhere/token', clock) })
  expect(await transport.send(get)).toMatchObject({ failure: { kind: 'unavailable', code: 'ENOENT' } })
})

test('tells that the API server is back when no call got through for a while, and not when one failed among others', async () => {
  let times = 0
  const forget = transport.onReachable(() => {
    times += 1
  })
  const succeed = async (code = 200): Promise<void> => {
    const answer = transport.send(get)
    ;(await api.next()).reply({}, { code })
    await answer
  }
  const fail = async (): Promise<void> => {
    const answer = transport.send(get)
    ;(await api.next()).cut()
    await answer
  }
  await succeed()
  await fail()
  clock.advance(2_999)
  await succeed()
  expect(times).toBe(0)
  clock.advance(60_000)
  await succeed()
  expect(times).toBe(0) // It was quiet, not away.
  await fail()
  clock.advance(3_000)
  await succeed(503)
  expect(times).toBe(0)
  await succeed(404)
  expect(times).toBe(1)
  forget()
})

test('gives a stream that outlives the deadline of its headers, and ends it when asked to', async () => {
  const opened = transport.open({
    ...get,
    query: { watch: 'true', resourceVersion: '1' },
    deadlineMs: 15_000,
  })
  const request = await api.nextWatch()
  request.begin()
  const answer = await opened
  if (!answer.ok) throw new Error(answer.failure.message)
  clock.advance(60_000)
  const chunks = answer.value.chunks[Symbol.asyncIterator]()
  await request.write('hello')
  expect(Buffer.from((await chunks.next()).value).toString()).toBe('hello')
  const rest = chunks.next()
  answer.value.abort()
  await expect(rest).rejects.toThrow()
  await request.gone
})

test('closes every socket and gives up what is under way', async () => {
  const answer = transport.send(get)
  const opened = transport.open({ ...get, query: { watch: 'true', resourceVersion: '1' } })
  const request = await api.next((candidate) => !candidate.query.has('watch'))
  const watch = await api.nextWatch()
  watch.begin()
  await opened
  await transport.close()
  expect(await answer).toMatchObject({ failure: { trouble: 'stopped' } })
  await Promise.all([request.gone, watch.gone])
  expect(await transport.send(get)).toMatchObject({ failure: { trouble: 'stopped' } })
})

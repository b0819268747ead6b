import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SilencePost } from '../../src/domain/remote-silence.ts'
import { taggedComment } from '../../src/domain/silence-marker.ts'
import { Alertmanagers } from '../../src/upstream/alertmanagers.ts'
import { AlertmanagerServer } from '../fakes/alertmanager-server.ts'
import { AlertmanagerStore } from '../fakes/alertmanager-store.ts'
import { FakeClock } from '../fakes/clock.ts'
import { FakeLog } from '../fakes/log.ts'

let clock: FakeClock
let store: AlertmanagerStore
let server: AlertmanagerServer
let alertmanagers: Alertmanagers
let onEachChange: () => void
let changes: { readonly alertmanager: string; readonly uids: readonly string[] | 'all' }[]

beforeEach(async () => {
  clock = new FakeClock()
  store = new AlertmanagerStore(() => clock.now())
  server = await AlertmanagerServer.start(store)
  changes = []
  onEachChange = () => {}
  alertmanagers = new Alertmanagers({
    clock,
    log: new FakeLog(),
    onChange: (alertmanager, uids) => {
      changes.push({ alertmanager, uids: uids === 'all' ? uids : [...uids] })
      onEachChange()
    },
    deadlineMs: 4_000, // Unlike the pauses between two lists.
  })
  alertmanagers.start()
})

afterEach(async () => {
  await alertmanagers.stop()
  await server.stop()
})

const view = () => alertmanagers.alertmanagers()[0]
const ids = () => view()?.silences?.map((silence) => silence.id)
const quiet = () => clock.untilTimer(30_000)
/** Until the server has had so many requests of this kind; the test's own time limit bounds the wait. */
async function arrived(request: string, count: number): Promise<void> {
  while (server.count(request) < count) await new Promise((resolve) => setImmediate(resolve))
}
const uneasy = () => clock.untilTimer(5_000)

async function know(...urls: readonly string[]): Promise<void> {
  alertmanagers.setAddresses([{ name: 'main', urls }])
  await quiet()
  changes.length = 0
}

function silenceOf(uid: string): SilencePost {
  return {
    matchers: [{ name: 'target', value: uid, isRegex: false, isEqual: true }],
    startsAt: new Date(clock.now()).toISOString(),
    endsAt: new Date(clock.now() + 3_600_000).toISOString(),
    createdBy: 'roundsman',
    comment: taggedComment('x', { clusterId: 'c', uid, occurrence: 'once', revision: '1' }),
  }
}

/** Until the answer of a write is there, with the list that it asks for. */
const post = (uid: string, silence = silenceOf(uid)) =>
  alertmanagers.postSilence('main', `owner of ${uid}`, silence)

describe('reading', () => {
  it('lists at once, then every 30 s, and tells the version', async () => {
    store.post(silenceOf('a'))
    await know(server.url)
    expect(view()).toMatchObject({ name: 'main', version: '0.34.2', observedAt: clock.now() })
    expect(ids()).toHaveLength(1)
    clock.advance(30_000)
    await quiet()
    expect(server.count('GET /api/v2/silences')).toBe(2)
    expect(server.count('GET /api/v2/status')).toBe(1)
  })

  it('tells which Silences differ, and nobody when none does', async () => {
    store.post(silenceOf('a'))
    await know(server.url)
    store.post(silenceOf('b'))
    store.post({ ...silenceOf('c'), createdBy: 'somebody else' })
    clock.advance(30_000)
    await quiet()
    expect(changes).toEqual([{ alertmanager: 'main', uids: ['b'] }])
    clock.advance(30_000)
    await quiet()
    expect(changes).toHaveLength(1)
  })

  it('tells all Silences of its first list: one that is not in it was never decided on', async () => {
    alertmanagers.setAddresses([{ name: 'main', urls: [server.url] }])
    changes.length = 0 // That it is known now, and nothing of it.
    await quiet()
    expect(changes).toEqual([{ alertmanager: 'main', uids: 'all' }])
  })

  it('lists now when it is asked to', async () => {
    await know(server.url)
    alertmanagers.refresh('main')
    alertmanagers.refresh('main')
    alertmanagers.refresh('main')
    await quiet()
    // One was under way already and could have missed what the second asker wants to see.
    expect(server.count('GET /api/v2/silences')).toBe(3)
  })

  it('knows no list of an Alertmanager that has not answered, and says since when', async () => {
    server.fault = () => ({ kind: 'status', status: 503 })
    alertmanagers.setAddresses([{ name: 'main', urls: [server.url] }])
    await uneasy()
    const since = clock.now()
    expect(view()).toEqual({
      name: 'main',
      problem: { since, reason: 'AlertmanagerRefused', message: 'HTTP 503' },
    })
    clock.advance(5_000)
    await uneasy()
    expect(view()?.problem?.since).toBe(since)
  })

  it('keeps the last list while it is away, and tells all Silences when it goes and comes back', async () => {
    store.post(silenceOf('a'))
    await know(server.url)
    server.fault = () => ({ kind: 'reset' })
    clock.advance(30_000)
    await uneasy()
    expect(view()?.problem?.reason).toBe('AlertmanagerUnreachable')
    expect(ids()).toHaveLength(1)
    server.fault = () => ({ kind: 'none' })
    clock.advance(5_000)
    await quiet()
    expect(view()?.problem).toBeUndefined()
    expect(changes).toEqual([
      { alertmanager: 'main', uids: 'all' },
      { alertmanager: 'main', uids: 'all' },
    ])
  })

  it('says so when no replica is ready', async () => {
    alertmanagers.setAddresses([{ name: 'main', urls: [] }])
    await uneasy()
    expect(view()?.problem?.message).toBe('no replica is ready')
    expect(await post('a')).toMatchObject({ ok: false, permanent: false })
  })

  it('forgets an Alertmanager that is gone', async () => {
    await know(server.url)
    alertmanagers.setAddresses([])
    expect(alertmanagers.alertmanagers()).toEqual([])
    expect(changes).toEqual([{ alertmanager: 'main', uids: 'all' }])
    expect(await post('a')).toMatchObject({ ok: false, message: 'Alertmanager main is no longer known' })
  })
})

describe('writing', () => {
  it('shows at once what was taken, and confirms it by a list', async () => {
    await know(server.url)
    expect(await post('a')).toEqual({ ok: true })
    expect(ids()).toEqual(store.list().map((silence) => silence.id))
    expect(changes).toEqual([{ alertmanager: 'main', uids: ['a'] }])
    await quiet()
    expect(view()?.silences).toEqual(store.list())
  })

  it('shows an exchanged silence as ended, and the new one in its place', async () => {
    await know(server.url)
    await post('a')
    await quiet()
    const [before] = ids() ?? []
    const changed = { ...silenceOf('a'), id: before!, matchers: [] }
    expect(await post('a', changed)).toEqual({ ok: true })
    expect(view()?.silences?.map(({ id, state }) => [id === before, state])).toEqual([
      [true, 'expired'],
      [false, 'active'],
    ])
  })

  it('ends a silence, and takes it for done when it is gone already', async () => {
    await know(server.url)
    await post('a')
    await quiet()
    const [id = ''] = ids() ?? []
    expect(await alertmanagers.expireSilence('main', id)).toEqual({ ok: true })
    expect(view()?.silences?.[0]?.state).toBe('expired')
    expect(await alertmanagers.expireSilence('main', 'unknown')).toEqual({ ok: true })
  })

  it('never takes a refused end for done', async () => {
    await know(server.url)
    await post('a')
    await quiet()
    server.fault = (request) =>
      request.startsWith('DELETE') ? { kind: 'status', status: 500 } : { kind: 'none' }
    expect(await alertmanagers.expireSilence('main', ids()?.[0] ?? '')).toMatchObject({
      ok: false,
      permanent: false,
    })
    expect(view()?.silences?.[0]?.state).toBe('active')
  })

  it('decides nothing after a lost answer before a list has shown what came of it', async () => {
    await know(server.url)
    server.fault = (request) => ({ kind: request.startsWith('POST') ? 'lost' : 'silent' })
    expect(await post('a')).toMatchObject({ ok: false, permanent: false })
    expect(view()?.problem?.reason).toBe('AlertmanagerUnreachable')
    server.fault = () => ({ kind: 'none' })
    await clock.untilTimer(4_000)
    clock.advance(4_000)
    await uneasy()
    clock.advance(5_000)
    await quiet()
    expect(view()).not.toHaveProperty('problem')
    expect(ids()).toHaveLength(1)
  })
})

it('believes no list that was asked for before a write of unknown outcome', async () => {
  await know(server.url)
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  server.fault = (request) =>
    request.startsWith('POST') ? { kind: 'lost' } : { kind: 'held', until: released }
  alertmanagers.refresh('main')
  await arrived('GET /api/v2/silences', 2)
  expect(await post('a')).toMatchObject({ ok: false })
  server.fault = () => ({ kind: 'none' })
  const seen: (readonly [boolean, number | undefined])[] = []
  onEachChange = () => seen.push([view()?.problem !== undefined, ids()?.length])
  release()
  await quiet()
  // Answering, and empty, would have been an invitation to make it a second time.
  expect(seen).toEqual([[false, 1]])
})

describe('a refusal', () => {
  const refuse = (status: number, body = '"no"') => {
    server.fault = (request) =>
      request.startsWith('POST') ? { kind: 'status', status, body } : { kind: 'none' }
  }

  it.each([
    [400, '"bad matcher"', true],
    [400, '"exceeded maximum number of silences: 10 (limit: 10)"', false],
    [404, '"silence not found"', false],
    [422, '{"code":602,"message":"matchers"}', true],
    [401, '', true],
    [403, '', true],
    [429, '', false],
    [500, '', false],
  ])('with %i %s is permanent: %s', async (status, body, permanent) => {
    await know(server.url)
    refuse(status, body)
    expect(await post('a')).toMatchObject({ ok: false, permanent })
    expect(alertmanagers.refusal('main', 'owner of a')?.permanent).toBe(permanent)
    expect(alertmanagers.refusal('main', 'owner of b')).toBeUndefined()
  })

  it('is forgotten when a write for that owner goes through', async () => {
    await know(server.url)
    refuse(400)
    await post('a')
    server.fault = () => ({ kind: 'none' })
    await post('a')
    expect(alertmanagers.refusal('main', 'owner of a')).toBeUndefined()
  })

  it('is looked at again after 5 minutes', async () => {
    await know(server.url)
    refuse(400)
    await post('a')
    await quiet()
    changes.length = 0
    for (let passedMs = 0; passedMs < 300_000; passedMs += 30_000) {
      expect(alertmanagers.refusal('main', 'owner of a')).toBeDefined()
      clock.advance(30_000)
      await quiet()
    }
    expect(alertmanagers.refusal('main', 'owner of a')).toBeUndefined()
    expect(changes).toEqual([{ alertmanager: 'main', uids: 'all' }])
  })
})

describe('several replicas', () => {
  let other: AlertmanagerServer
  beforeEach(async () => {
    other = await AlertmanagerServer.start(store)
  })
  afterEach(() => other.stop())

  it('are read all, and written through one, until that one fails', async () => {
    await know(server.url, other.url)
    await post('a')
    await quiet()
    expect([server.count('POST'), other.count('POST')]).toEqual([1, 0])
    server.fault = () => ({ kind: 'reset' })
    clock.advance(30_000)
    await quiet()
    expect(view()).not.toHaveProperty('problem')
    await post('b')
    await quiet()
    server.fault = () => ({ kind: 'none' })
    clock.advance(30_000)
    await quiet()
    await post('c')
    // Back again is no reason to change once more.
    expect([server.count('POST'), other.count('POST')]).toEqual([1, 2])
  })

  it('show their union, so that nobody makes again what one of them has', async () => {
    store.post(silenceOf('a'))
    server.shows = () => false
    await know(server.url, other.url)
    expect(ids()).toHaveLength(1)
  })

  it('are believed in the order in which they are written', async () => {
    await know(server.url, other.url)
    await post('a')
    await quiet()
    other.fault = (request) =>
      request === 'GET /api/v2/silences'
        ? { kind: 'body', body: JSON.stringify([{ ...json(store.list()[0]!), comment: 'lags' }]) }
        : { kind: 'none' }
    clock.advance(30_000)
    await quiet()
    expect(view()?.silences?.[0]?.comment).toContain('[roundsman ')
  })
})

describe('a silence that was taken and is not listed', () => {
  it('is taken for made until the peers must have met, and is told after three lists', async () => {
    await know(server.url)
    server.shows = () => false
    await post('a')
    await uneasy()
    expect(alertmanagers.refusal('main', 'owner of a')).toBeUndefined()
    for (const _list of [2, 3]) {
      clock.advance(5_000)
      await uneasy()
    }
    expect(ids()).toHaveLength(1)
    expect(alertmanagers.refusal('main', 'owner of a')).toMatchObject({ permanent: false })
    for (let passedMs = 10_000; passedMs <= 90_000; passedMs += 5_000) {
      clock.advance(5_000)
      await clock.untilTimer(5_000, 30_000)
    }
    expect(ids()).toEqual([])
  })

  it('is forgotten when the Alertmanager was away: it may have lost it', async () => {
    await know(server.url)
    server.shows = () => false
    await post('a')
    await uneasy()
    server.fault = () => ({ kind: 'reset' })
    clock.advance(5_000)
    await uneasy()
    server.fault = () => ({ kind: 'none' })
    clock.advance(5_000)
    await quiet()
    expect(ids()).toEqual([])
  })
})

it('delays no Alertmanager by another one that is silent', async () => {
  const silent = await AlertmanagerServer.start(new AlertmanagerStore(() => clock.now()))
  silent.fault = () => ({ kind: 'silent' })
  alertmanagers.setAddresses([
    { name: 'silent', urls: [silent.url] },
    { name: 'main', urls: [server.url] },
  ])
  await quiet()
  expect(alertmanagers.alertmanagers().map(({ name, silences }) => [name, silences !== undefined])).toEqual([
    ['main', true],
    ['silent', false],
  ])
  expect(await post('a')).toEqual({ ok: true })
  await alertmanagers.stop()
  await silent.stop()
})

it('says nothing more and leaves no timer once it is stopped', async () => {
  server.fault = () => ({ kind: 'silent' })
  alertmanagers.setAddresses([{ name: 'main', urls: [server.url] }])
  await clock.untilTimer(4_000)
  changes.length = 0
  await alertmanagers.stop()
  await alertmanagers.stop()
  expect(clock.pending).toBe(0)
  expect(changes).toEqual([])
})

function json({ state, startsAtText, endsAt, ...rest }: ReturnType<AlertmanagerStore['list']>[number]) {
  return { ...rest, status: { state }, startsAt: startsAtText, endsAt: new Date(endsAt).toISOString() }
}

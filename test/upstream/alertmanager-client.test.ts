import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SilencePost } from '../../src/domain/remote-silence.ts'
import { AlertmanagerClient } from '../../src/upstream/alertmanager-client.ts'
import { AlertmanagerServer } from '../fakes/alertmanager-server.ts'
import { AlertmanagerStore } from '../fakes/alertmanager-store.ts'
import { FakeClock } from '../fakes/clock.ts'

let clock: FakeClock
let server: AlertmanagerServer
let client: AlertmanagerClient

beforeEach(async () => {
  clock = new FakeClock()
  server = await AlertmanagerServer.start(new AlertmanagerStore(() => clock.now()))
  client = new AlertmanagerClient({ clock, bytesMax: 10_000 })
})

afterEach(async () => {
  await client.close()
  await server.stop()
})

const post: SilencePost = {
  matchers: [{ name: 'a', value: 'x|y', isRegex: true, isEqual: false }],
  startsAt: '2026-01-01T00:00:00.000Z',
  endsAt: '2026-01-01T01:00:00.000Z',
  createdBy: 'roundsman',
  comment: 'migration',
  annotations: { roundsman_silence: 'x' },
}

describe('a call that is answered', () => {
  it('makes, lists and ends a silence', async () => {
    const made = await client.postSilence(server.url, post)
    expect(made.kind).toBe('ok')
    const id = made.kind === 'ok' ? made.value : ''
    expect(await client.listSilences(server.url)).toEqual({
      kind: 'ok',
      value: [
        {
          id,
          state: 'active',
          matchers: post.matchers,
          startsAt: Date.parse(post.startsAt),
          startsAtText: post.startsAt,
          endsAt: Date.parse(post.endsAt),
          createdBy: 'roundsman',
          comment: 'migration',
          annotations: { roundsman_silence: 'x' },
        },
      ],
    })
    expect(await client.expireSilence(server.url, id)).toEqual({ kind: 'ok', value: undefined })
    expect(await client.listSilences(server.url)).toMatchObject({ value: [{ state: 'expired' }] })
  })

  it('reads the version', async () => {
    expect(await client.version(server.url)).toEqual({ kind: 'ok', value: '0.34.2' })
  })

  it('goes below the path prefix, with or without a slash at its end', async () => {
    server.prefix = '/alerts'
    expect(await client.version(server.url)).toMatchObject({ kind: 'ok' })
    expect(await client.version(`${server.url}/`)).toMatchObject({ kind: 'ok' })
    expect(server.requests).toEqual(['GET /api/v2/status', 'GET /api/v2/status'])
  })

  it('leaves no timer behind', async () => {
    await client.version(server.url)
    expect(clock.pending).toBe(0)
  })
})

describe('an answer other than 2xx is a failure', () => {
  it.each([
    [400, '"end time can\'t be in the past"', "HTTP 400: end time can't be in the past"],
    [422, '{"code":602,"message":"matchers in body is required"}', 'HTTP 422: matchers in body is required'],
    [500, '<html>', 'HTTP 500'],
    [302, '', 'HTTP 302'],
    [401, '"a\\u001b[31m\\nb"', 'HTTP 401: a [31m b'],
  ])('%i', async (status, body, message) => {
    server.fault = () => ({ kind: 'status', status, body })
    expect(await client.expireSilence(server.url, 'x')).toEqual({ kind: 'refused', status, message })
  })
})

describe('a 2xx with another body is a failure', () => {
  it.each(['', 'null', '{}', '[{}]', '"ok"', '[', '[{"id":"a","status":{"state":"new"}}]'])(
    '%s',
    async (body) => {
      server.fault = () => ({ kind: 'body', body })
      expect(await client.listSilences(server.url)).toMatchObject({ kind: 'refused', status: 200 })
      expect(await client.postSilence(server.url, post)).toMatchObject({ kind: 'refused', status: 200 })
    },
  )

  it('over the byte limit', async () => {
    server.fault = () => ({ kind: 'body', body: JSON.stringify('x'.repeat(20_000)) })
    expect(await client.listSilences(server.url)).toEqual({
      kind: 'refused',
      status: 200,
      message: 'the answer is over the byte limit',
    })
  })
})

describe('without a whole answer nobody knows what happened', () => {
  it('after the deadline', async () => {
    server.fault = () => ({ kind: 'silent' })
    const call = client.version(server.url)
    await clock.untilTimer(5_000)
    clock.advance(5_000)
    expect(await call).toEqual({ kind: 'unreachable', message: 'no answer within 5s' })
  })

  it('when the connection is cut', async () => {
    server.fault = () => ({ kind: 'reset' })
    expect(await client.postSilence(server.url, post)).toEqual({
      kind: 'unreachable',
      message: 'the connection failed (UND_ERR_SOCKET)',
    })
  })

  it('when nobody listens', async () => {
    const { url } = server
    await server.stop()
    expect(await client.version(url)).toEqual({
      kind: 'unreachable',
      message: 'the connection failed (ECONNREFUSED)',
    })
  })

  it('when the client is closed', async () => {
    server.fault = () => ({ kind: 'silent' })
    const call = client.version(server.url)
    await clock.untilTimer(5_000)
    await client.close()
    expect(await call).toMatchObject({ kind: 'unreachable' })
  })
})

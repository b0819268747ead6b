import { describe, expect, test } from 'vitest'
import { createApp, type ServerPorts } from '../../src/server/app.ts'

const good = { ok: true, checks: [{ name: 'loop', ok: true, detail: 'ok' }] }
const bad = {
  ok: false,
  checks: [
    { name: 'loop', ok: true, detail: 'ok' },
    { name: 'leader', ok: false, detail: 'leads past the deadline of its lease' },
  ],
}

function app(ports: Partial<ServerPorts> = {}) {
  return createApp({
    metrics: { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: async () => 'up 1\n' },
    targetSeries: () => [],
    health: () => good,
    readiness: () => good,
    ...ports,
  })
}

async function get(path: string, ports: Partial<ServerPorts> = {}) {
  const answer = await app(ports).request(path)
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() }
}

describe('the metrics', () => {
  test('of the program come as one text', async () => {
    expect(await get('/metrics')).toEqual({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      text: 'up 1\n',
    })
  })

  test('of the targets come piece by piece', async () => {
    const targetSeries = () => ['# TYPE probe_success gauge\n', 'probe_success{target="zürich"} 1\n']
    expect(await get('/metrics/targets', { targetSeries })).toEqual({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      text: '# TYPE probe_success gauge\nprobe_success{target="zürich"} 1\n',
    })
  })

  test('of the targets are not made ahead of the reader, and end when he goes', async () => {
    let made = 0
    let isReleased = false
    function* endless() {
      try {
        for (;;) {
          made++
          yield 'probe_success 1\n'
        }
      } finally {
        isReleased = true
      }
    }
    const answer = await app({ targetSeries: endless }).request('/metrics/targets')
    const reader = answer.body!.getReader()
    await reader.read()
    expect(made).toBeLessThan(5)
    await reader.cancel()
    expect(isReleased).toBe(true)
  })
})

describe('health and readiness', () => {
  test('answer ok in one word', async () => {
    expect(await get('/healthz')).toMatchObject({ status: 200, text: 'ok\n' })
    expect(await get('/readyz')).toMatchObject({ status: 200, text: 'ok\n' })
  })

  test('answer 503 and name only what is wrong', async () => {
    const text = '[-]leader leads past the deadline of its lease\nnot ok\n'
    expect(await get('/healthz', { health: () => bad })).toMatchObject({ status: 503, text })
    expect(await get('/readyz', { readiness: () => bad })).toMatchObject({ status: 503, text })
  })

  test('list everything when asked to be verbose', async () => {
    const text = '[+]loop ok\n[-]leader leads past the deadline of its lease\nnot ok\n'
    expect(await get('/healthz?verbose', { health: () => bad })).toMatchObject({ status: 503, text })
    expect(await get('/healthz?verbose')).toMatchObject({ status: 200, text: '[+]loop ok\nok\n' })
  })
})

describe('what is not there', () => {
  test('the first page lists every endpoint', async () => {
    const { text } = await get('/')
    for (const path of ['/metrics', '/metrics/targets', '/healthz', '/readyz']) expect(text).toContain(path)
  })

  test('an unknown path says where to look', async () => {
    expect(await get('/nothing')).toMatchObject({
      status: 404,
      text: 'not found; the list of endpoints is at /\n',
    })
  })

  test('another method than GET is refused with the methods that are taken', async () => {
    const answer = await app().request('/metrics', { method: 'POST' })
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe('GET, HEAD')
  })

  test('HEAD is answered without a body', async () => {
    const answer = await app().request('/healthz', { method: 'HEAD' })
    expect([answer.status, await answer.text()]).toEqual([200, ''])
  })

  test('no answer may be sniffed or cached', async () => {
    const { headers } = await app().request('/')
    expect([headers.get('x-content-type-options'), headers.get('cache-control')]).toEqual([
      'nosniff',
      'no-store',
    ])
  })
})

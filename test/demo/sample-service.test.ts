import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { type SampleOptions, startSampleService } from '../../src/demo/sample-service.ts'
import { FakeClock } from '../fakes/clock.ts'

async function started(over: Partial<SampleOptions> = {}) {
  const clock = new FakeClock()
  const service = await startSampleService({
    host: '127.0.0.1',
    port: 0,
    after: (delayMs, callback) => clock.after(delayMs, callback),
    ...over,
  })
  onTestFinished(() => service.stop())
  return { service, clock }
}

const json = (mode: unknown) => ({ method: 'POST', body: JSON.stringify({ mode }) })

test('a good service answers its health check and its business route', async () => {
  const { service } = await started()
  const health = await fetch(`${service.url}/health`)
  expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }])
  expect(await (await fetch(`${service.url}/orders`)).json()).toMatchObject({
    orders: [{ id: 1001 }, { id: 1002 }],
  })
  for (const path of ['/nothing', '//', '/__proto__']) {
    expect((await fetch(`${service.url}${path}`)).status).toBe(404)
  }
})

test('the switch makes it fail and mends it', async () => {
  const { service } = await started()
  const turned = await fetch(`${service.url}/switch`, json('fail'))
  expect([turned.status, await turned.json(), service.mode()]).toEqual([200, { mode: 'fail' }, 'fail'])
  expect((await fetch(`${service.url}/health`)).status).toBe(503)
  expect((await fetch(`${service.url}/orders`)).status).toBe(503)
  await fetch(`${service.url}/switch`, json('ok'))
  expect((await fetch(`${service.url}/health`)).status).toBe(200)
})

test('a slow service answers only after its time', async () => {
  const { service, clock } = await started({ slowMs: 1_200 })
  service.setMode('slow')
  let isAnswered = false
  const answer = fetch(`${service.url}/health`).then((response) => {
    isAnswered = true
    return response.status
  })
  await expect.poll(() => clock.pending).toBe(1)
  clock.advance(1_199)
  expect(isAnswered).toBe(false)
  clock.advance(1)
  expect(await answer).toBe(200)
})

test('a silent service takes the connection and says nothing; stop ends it', async () => {
  const { service } = await started()
  service.setMode('silent')
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(service.url).port) })
  let received = 0
  socket.on('data', (bytes) => {
    received += bytes.length
  })
  socket.on('error', () => {})
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await new Promise((resolve) => socket.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n', resolve))
  expect((await fetch(`${service.url}/`)).status).toBe(200) // The switch always works.
  await service.stop()
  await closed
  expect(received).toBe(0)
})

test('the page shows the mode, and its buttons turn the switch', async () => {
  const switched: string[] = []
  const { service } = await started({ onSwitched: (mode) => switched.push(mode) })
  const turned = await fetch(`${service.url}/switch`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: 'mode=slow',
    redirect: 'manual',
  })
  expect([turned.status, turned.headers.get('location'), switched]).toEqual([303, '/', ['slow']])
  const page = await (await fetch(service.url)).text()
  expect(page).toContain('<title>Sample service: slow</title>')
  expect([...page.matchAll(/<button name="mode" value="(\w+)"/g)].map(([, mode]) => mode)).toEqual([
    'ok',
    'slow',
    'fail',
    'silent',
  ])
})

test('the switch refuses what it does not know', async () => {
  const { service } = await started()
  for (const body of [
    '{"mode":"gone"}',
    '{"mode":',
    '',
    'mode=toString',
    `{"mode":"fail","x":"${'x'.repeat(2_000)}"}`,
  ]) {
    expect((await fetch(`${service.url}/switch`, { method: 'POST', body })).status).toBe(400)
  }
  expect(service.mode()).toBe('ok')
})

test('it counts its answers', async () => {
  const { service } = await started()
  await fetch(`${service.url}/health`)
  await fetch(`${service.url}/health`)
  await fetch(`${service.url}/"} 1`)
  const metrics = await (await fetch(`${service.url}/metrics`)).text()
  expect(metrics).toContain('sample_http_requests_total{path="/health",code="200"} 2\n')
  expect(metrics).toContain('sample_http_requests_total{path="other",code="404"} 1\n')
})

test('a port that is taken is told', async () => {
  const { service } = await started()
  const port = Number(new URL(service.url).port)
  await expect(started({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

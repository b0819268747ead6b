import { expect, onTestFinished, test } from 'vitest'
import { startDemo } from '../../src/demo/demo.ts'
import { FakeClock } from '../fakes/clock.ts'

async function demo() {
  const clock = new FakeClock()
  const running = await startDemo({
    host: '127.0.0.1',
    port: 0,
    after: (delayMs, callback) => clock.after(delayMs, callback),
  })
  onTestFinished(() => running.stop())
  return { running, clock }
}

test('left alone, the service breaks and is mended by itself', async () => {
  const { running, clock } = await demo()
  expect((await fetch(`${running.url}/health`)).status).toBe(200)
  clock.advance(20_000)
  expect((await fetch(`${running.url}/health`)).status).toBe(503)
  clock.advance(20_000)
  expect((await fetch(`${running.url}/health`)).status).toBe(200)
})

test('once a person has turned the switch it stays as that person wants it', async () => {
  const { running, clock } = await demo()
  await fetch(`${running.url}/switch`, { method: 'POST', body: '{"mode":"silent"}' })
  clock.advance(60_000)
  expect(running.mode()).toBe('silent')
})

test('nothing runs on after stop', async () => {
  const { running, clock } = await demo()
  await running.stop()
  expect(clock.pending).toBe(0)
})

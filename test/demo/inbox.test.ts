import { expect, onTestFinished, test } from 'vitest'
import { startSampleService } from '../../src/demo/sample-service.ts'
import { FakeClock } from '../fakes/clock.ts'

async function started() {
  const clock = new FakeClock()
  const after = (delayMs: number, callback: () => void) => clock.after(delayMs, callback)
  const service = await startSampleService({ host: '127.0.0.1', port: 0, after })
  onTestFinished(() => service.stop())
  const post = async (body: string) => (await fetch(`${service.url}/inbox`, { method: 'POST', body })).status
  const shown = async () => (await fetch(`${service.url}/inbox`)).text()
  return { service, post, shown }
}

test('the inbox shows what was posted, the newest first', async () => {
  const { post, shown } = await started()
  expect([await post('{"alerts": 1}\n'), await post('{"alerts": 2}')]).toEqual([200, 200])
  expect(await shown()).toBe(
    '2 messages, the newest first; at most 20 are kept\n\n{"alerts": 2}\n\n{"alerts": 1}\n',
  )
})

test('the inbox takes messages though the service is broken', async () => {
  const { service, post } = await started()
  service.setMode('fail')
  expect(await post('{}')).toBe(200)
})

test('the inbox keeps the last 20 messages, and none that is too long', async () => {
  const { post, shown } = await started()
  for (let number = 0; number < 23; number++) await post(`message-${number}.`)
  expect(await post('x'.repeat(256 * 1024 + 1))).toBe(413)
  const text = await shown()
  expect(text).toContain('message-22.')
  expect(text).toContain('message-3.')
  expect(text).not.toContain('message-2.')
})

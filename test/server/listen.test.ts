import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { listen } from '../../src/server/listen.ts'
import { FakeClock } from '../fakes/clock.ts'

const host = '127.0.0.1'

async function open(app: Hono = new Hono().get('/', (context) => context.text('hello\n'))) {
  const clock = new FakeClock()
  const listener = await listen(app, { host, port: 0 }, clock)
  return { clock, listener, port: Number(listener.address.split(':').at(-1)) }
}

test('tells the port the system chose, and answers there', async () => {
  const { listener, port } = await open()
  expect(listener.address).toBe(`127.0.0.1:${port}`)
  const answer = await fetch(`http://${listener.address}/`)
  expect(await answer.text()).toBe('hello\n')
  await listener.close(1_000)
})

test('rejects with the code of the system when the port is taken', async () => {
  const { listener, port } = await open()
  await expect(listen(new Hono(), { host, port }, new FakeClock())).rejects.toMatchObject({
    code: 'EADDRINUSE',
  })
  await listener.close(1_000)
})

test('lets an answer under way end before it closes', async () => {
  let release = (): void => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  let entered = (): void => {}
  const isEntered = new Promise<void>((resolve) => {
    entered = resolve
  })
  const app = new Hono().get('/', async (context) => {
    entered()
    await released
    return context.text('late but whole\n')
  })
  const { listener, port, clock } = await open(app)
  const answered = once(get({ host, port, agent: false }), 'response') as Promise<[IncomingMessage]>
  await isEntered
  const closed = listener.close(1_000)
  release()
  const [answer] = await answered
  expect(await text(answer)).toBe('late but whole\n')
  await closed
  expect(clock.pending).toBe(0)
})

test('cuts what does not end within the grace, and closes once', async () => {
  let entered = (): void => {}
  const isEntered = new Promise<void>((resolve) => {
    entered = resolve
  })
  const app = new Hono().get('/', () => {
    entered()
    return new Promise<Response>(() => {})
  })
  const { listener, port, clock } = await open(app)
  const request = get({ host, port, agent: false })
  const failed = once(request, 'error')
  await isEntered
  const closing = [listener.close(1_000), listener.close(1_000)]
  clock.advance(1_000)
  await Promise.all(closing)
  expect(await failed).toHaveLength(1)
})

test('an idle connection does not hold the close', async () => {
  const { listener, port } = await open()
  const socket = connect(port, host)
  await once(socket, 'connect')
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'data')
  const ended = once(socket, 'close')
  socket.resume()
  await listener.close(1_000)
  await ended
})

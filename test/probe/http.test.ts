import { expect, test } from 'vitest'
import type { HttpProbe } from '../../src/domain/probe-entry.ts'
import { readTargetUrl } from '../../src/probe/http.ts'
import { response, serve, serveHttp } from './servers.ts'
import { entryOf, httpEntry, reasonOf, subject } from './subject.ts'

async function reasonFor(answer: string, expected: Partial<HttpProbe['expect']> = {}): Promise<string> {
  const server = await serveHttp(() => answer)
  return reasonOf(await subject().outcome(httpEntry(`http://127.0.0.1:${server.port}/`, expected)))
}

test('by default exactly the 2xx statuses pass', async () => {
  const found = await Promise.all([200, 201, 299, 300, 404].map((status) => reasonFor(response(status))))
  expect(found).toEqual(['ok', 'ok', 'ok', 'HttpStatus', 'HttpStatus'])
})

test('a list of statuses replaces the default', async () => {
  const status = ['200', '404']
  const found = await Promise.all([200, 404, 201].map((code) => reasonFor(response(code), { status })))
  expect(found).toEqual(['ok', 'ok', 'HttpStatus'])
  expect(await reasonFor(response(200), { status: ['404'] })).toBe('HttpStatus')
})

test('the request is a plain HTTP/1.1 request for path and query', async () => {
  const server = await serveHttp(() => response(200))
  await subject().outcome(httpEntry(`http://shop.test:${server.port}/health?full=1#here`))
  expect(server.received()).toBe(
    `GET /health?full=1 HTTP/1.1\r\nHost: shop.test:${server.port}\r\nUser-Agent: roundsman\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
  )
})

test('the message says what was expected, what was got, from where and after how long', async () => {
  const server = await serveHttp(() => response(503))
  const found = await subject().outcome(httpEntry(`http://127.0.0.1:${server.port}/`))
  expect(found.message).toBe(
    `expected 2xx, got 503 from 127.0.0.1:${server.port} after 0ms (connect 0ms, wait 0ms, transfer 0ms)`,
  )
})

test.each([200, 404])('an identity body is measured whatever the status, here %i', async (status) => {
  const server = await serveHttp(() => response(status, 'x'.repeat(1234)))
  const found = await subject().outcome(httpEntry(`http://127.0.0.1:${server.port}/`))
  expect(found.http).toMatchObject({
    statusCode: status,
    version: 1.1,
    contentLength: 1234,
    uncompressedBodyLength: 1234,
    ssl: false,
    redirects: 0,
  })
})

test('a chunked body has content length -1 and is put together', async () => {
  const server = await serveHttp(
    () =>
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n8;x=y\r\n is well\r\n0\r\nX-Sum: 1\r\n\r\n',
  )
  const found = await subject().outcome(
    httpEntry(`http://127.0.0.1:${server.port}/`, { body: [{ contains: 'all is well' }] }),
  )
  expect(found).toMatchObject({ kind: 'ok', http: { contentLength: -1, uncompressedBodyLength: 11 } })
})

test('a body without length ends with the connection', async () => {
  expect(
    await reasonFor('HTTP/1.0 200 OK\r\n\r\nall is well', { body: [{ matches: '^all is well$' }] }),
  ).toBe('ok')
})

test('a compressed body that nobody asked for is not decoded and does not fail', async () => {
  expect(await reasonFor(response(200, 'pretend', { 'Content-Encoding': 'zstd' }))).toBe('ok')
})

test('interim answers are passed over', async () => {
  expect(await reasonFor(`HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${response(204)}`)).toBe('ok')
})

test('the body is judged, also of a failing status, and the status is told first', async () => {
  const server = await serveHttp(() => response(500, 'stack trace'))
  const found = await subject().outcome(
    httpEntry(`http://127.0.0.1:${server.port}/`, { body: [{ notMatches: 'trace' }] }),
  )
  expect(found).toMatchObject({ reason: 'HttpStatus', http: { failedDueToRegex: true } })
  expect(await reasonFor(response(200, 'stack trace'), { body: [{ notMatches: 'trace' }] })).toBe(
    'AssertionBody',
  )
  expect(await reasonFor(response(200, 'fine'), { body: [{ contains: 'ok' }] })).toBe('AssertionBody')
})

test('a Last-Modified header that can be read is kept', async () => {
  const server = await serveHttp(() =>
    response(200, '', { 'Last-Modified': 'Thu, 01 Jan 2026 00:00:00 GMT' }),
  )
  const found = await subject().outcome(httpEntry(`http://127.0.0.1:${server.port}/`))
  expect(found.http?.lastModified).toBe(Date.UTC(2026, 0, 1) / 1000)
})

test('a body of a mebibyte passes, one more byte does not', async () => {
  const mebibyte = 1024 * 1024
  expect(await reasonFor(response(200, 'x'.repeat(mebibyte)))).toBe('ok')
  const server = await serveHttp(() => response(200, 'x'.repeat(mebibyte + 1)))
  const found = await subject().outcome(httpEntry(`http://127.0.0.1:${server.port}/`))
  expect(found).toMatchObject({ reason: 'HttpBodyTooLarge', http: { uncompressedBodyLength: mebibyte } })
})

test('a phase that was reached is measured from its own start, one that was not is absent', async () => {
  const server = await serve()
  const { clock, outcome } = subject()
  const probing = outcome(httpEntry(`http://127.0.0.1:${server.port}/`))
  const socket = await server.connection()
  await new Promise((resolve) => socket.once('data', resolve))
  clock.advance(1_150)
  socket.end(response(503))
  const found = await probing
  expect(found.phases).toEqual({ connect: 0, processing: 1.15, transfer: 0 })
  expect(found.message).toContain('after 1.1s (connect 0ms, wait 1150ms, transfer 0ms)')
})

test('slower than the hard limit fails, slower than the soft one is a soft success', async () => {
  for (const [limits, kind] of [
    [{ latencyBelowMs: 800 }, 'AssertionLatency'],
    [{ latencyBelowMs: 2_000 }, 'ok'],
  ] as const) {
    const server = await serve()
    const { clock, outcome } = subject()
    const probing = outcome(httpEntry(`http://127.0.0.1:${server.port}/`, limits, { degradedLatencyMs: 800 }))
    const socket = await server.connection()
    await new Promise((resolve) => socket.once('data', resolve))
    clock.advance(900)
    socket.end(response(200))
    const found = await probing
    expect(reasonOf(found)).toBe(kind)
    if (found.kind === 'ok') expect(found.soft).toBe('AssertionLatency')
    else
      expect(found.message).toBe(
        `expected an answer in less than 800ms, got one from 127.0.0.1:${server.port} after 900ms (connect 0ms, wait 900ms, transfer 0ms)`,
      )
  }
})

test.each([
  ['no answer at all', (socket) => socket.end(), 'ConnectClosed'],
  ['half a head', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-'), 'ConnectClosed'],
  [
    'half a body',
    (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
    'ConnectClosed',
  ],
  [
    'half a chunk',
    (socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\nhalf'),
    'ConnectClosed',
  ],
  ['a reset', (socket) => socket.resetAndDestroy(), 'ConnectReset'],
  ['another protocol', (socket) => socket.write('SSH-2.0-OpenSSH_9.9\r\n'), 'HttpProtocol'],
  ['a header without a name', (socket) => socket.end('HTTP/1.1 200 OK\r\n: x\r\n\r\n'), 'HttpProtocol'],
] as const satisfies readonly (readonly [string, (socket: import('node:net').Socket) => unknown, string])[])(
  '%s is told by its reason',
  async (_sentence, misbehave, reason) => {
    const server = await serve((socket) => socket.once('data', () => misbehave(socket)))
    const found = await subject().outcome(httpEntry(`http://127.0.0.1:${server.port}/`))
    expect(reasonOf(found)).toBe(reason)
  },
)

test('silence after the request is TimeoutProcessing, half an answer TimeoutTransfer; the socket is closed', async () => {
  for (const [begin, reason] of [
    ['', 'TimeoutProcessing'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nha', 'TimeoutTransfer'],
  ] as const) {
    const server = await serve()
    const { clock, outcome } = subject()
    const probing = outcome(httpEntry(`http://127.0.0.1:${server.port}/`))
    const socket = await server.connection()
    await new Promise((resolve) => socket.once('data', resolve))
    if (begin !== '') {
      socket.write(begin)
      await clock.advanceAsync(4_000) // The bytes arrive while the clock turns.
      await new Promise((resolve) => setImmediate(resolve))
    }
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await clock.advanceAsync(5_000)
    expect(await probing).toMatchObject({ kind: 'failed', reason, durationSeconds: 5 })
    await closed
  }
})

test('a mebibyte in single bytes does not fill the memory', async () => {
  const server = await serve((socket) =>
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      socket.end(Buffer.from(`${'1\r\nx\r\n'.repeat(1024 * 1024)}0\r\n\r\n`))
    }),
  )
  const found = await subject().outcome(httpEntry(`http://127.0.0.1:${server.port}/`))
  expect(found).toMatchObject({ kind: 'ok', http: { uncompressedBodyLength: 1024 * 1024 } })
})

test('a flood of headers and one huge header are refused before they fill the memory', async () => {
  const many = `HTTP/1.1 200 OK\r\n${'X-Flood: y\r\n'.repeat(300)}\r\n`
  const huge = `HTTP/1.1 200 OK\r\nX-Huge: ${'y'.repeat(1024 * 1024)}\r\n\r\n`
  const endless = await serve((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    const more = () => {
      while (socket.writable && socket.write('X-Endless: y\r\n'.repeat(100))) {}
      socket.once('drain', more)
    }
    more()
  })
  expect(await reasonFor(many)).toBe('HttpHeadersTooLarge')
  expect(await reasonFor(huge)).toBe('HttpHeadersTooLarge')
  const found = await subject().outcome(httpEntry(`http://127.0.0.1:${endless.port}/`))
  expect(reasonOf(found)).toBe('HttpHeadersTooLarge')
})

test('a scheme in any case and a missing one work, another cannot run', async () => {
  const server = await serveHttp(() => response(200))
  const { outcome } = subject()
  const address = `127.0.0.1:${server.port}`
  const dial = { by: 'name', host: '127.0.0.1', port: server.port } as const
  for (const url of [`HTTP://${address}/`, `hTTp://${address}`, address, `${address}/health`]) {
    expect(reasonOf(await outcome(httpEntry(url, { dial })))).toBe('ok')
  }
  expect(reasonOf(await outcome(httpEntry(`invalid://${address}`, { dial })))).toBe('ConfigInvalid')
  expect(readTargetUrl('HtTpS://shop.test')?.protocol).toBe('https:')
  expect(readTargetUrl('localhost:8080/x')?.href).toBe('http://localhost:8080/x')
})

test('a pattern that cannot be read makes the probe unable to run, and says which', async () => {
  const found = await subject().outcome(httpEntry('http://127.0.0.1:1/', { body: [{ matches: '(' }] }))
  expect(found).toMatchObject({ kind: 'unknown', reason: 'ConfigInvalid', attempts: 0 })
  expect(found.message).toContain('(')
})

test('a probe that cannot run as declared says so at each slot, without a packet', async () => {
  const unrunnable = { reason: 'ConfigReference', message: 'Service cart does not exist' } as const
  expect(await subject().outcome(entryOf({ type: 'http', unrunnable }))).toMatchObject({
    kind: 'unknown',
    reason: 'ConfigReference',
    message: 'Service cart does not exist',
    phases: {},
  })
})

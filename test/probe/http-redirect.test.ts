import { expect, test } from 'vitest'
import { Authority, selfSigned } from './certificates.ts'
import { nameServer } from './name-server.ts'
import { answering, response, serveHttp, serveTls } from './servers.ts'
import { httpEntry, reasonOf, subject } from './subject.ts'

const redirect = (to: string, status = 302) => response(status, 'moved', { Location: to })

test('a redirect is followed and counted; length and status are those of the last answer', async () => {
  const server = await serveHttp((path) => (path === '/old' ? redirect('/new?x=1') : response(200, 'here')))
  const found = await subject().outcome(httpEntry(`http://127.0.0.1:${server.port}/old`))
  expect(found).toMatchObject({
    kind: 'ok',
    http: { redirects: 1, statusCode: 200, uncompressedBodyLength: 4 },
  })
  expect(server.received()).toContain('GET /new?x=1 HTTP/1.1\r\n')
})

test.each([301, 302, 303, 307, 308])('status %i with a Location is a redirect', async (status) => {
  const server = await serveHttp((path) => (path === '/' ? redirect('/new', status) : response(200)))
  expect(await subject().outcome(httpEntry(`http://127.0.0.1:${server.port}/`))).toMatchObject({
    kind: 'ok',
    http: { redirects: 1 },
  })
})

test.each([300, 304])('status %i is an answer, whatever its Location', async (status) => {
  const server = await serveHttp(
    () => `HTTP/1.1 ${status} Kept\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n`,
  )
  const found = await subject().outcome(
    httpEntry(`http://127.0.0.1:${server.port}/`, { status: [String(status)] }),
  )
  expect(found).toMatchObject({ kind: 'ok', http: { redirects: 0, statusCode: status } })
})

test('an endless chain ends at the cap: the page behind the eleventh redirect is never asked for', async () => {
  const server = await serveHttp((path) => redirect(`/${Number(path.slice(1)) + 1}`))
  const found = await subject().outcome(httpEntry(`http://127.0.0.1:${server.port}/0`))
  expect(found).toMatchObject({ reason: 'HttpRedirect', http: { redirects: 11, statusCode: 302 } })
  expect(server.received()).toContain('GET /10 ')
  expect(server.received()).not.toContain('GET /11 ')
})

test('a missing Location, and one that leads to no http URL, are HttpRedirect', async () => {
  const { outcome } = subject()
  for (const answer of [
    response(302),
    redirect('ftp://shop.test/'),
    redirect('file:///etc/passwd'),
    redirect('http://'),
  ]) {
    const server = await serveHttp(() => answer)
    const found = await outcome(httpEntry(`http://127.0.0.1:${server.port}/`))
    expect(found).toMatchObject({ reason: 'HttpRedirect', http: { statusCode: 302 } })
  }
})

test('each hop is resolved and dialled under its own name, and the phases add up', async () => {
  const second = await serveHttp(() => response(200))
  const first = await serveHttp(() => redirect(`http://other.test:${second.port}/`))
  const found = await subject().outcome(httpEntry(`http://shop.test:${first.port}/`))
  expect(found).toMatchObject({ kind: 'ok', address: `127.0.0.1:${second.port}` })
  expect(second.received()).toContain(`Host: other.test:${second.port}\r\n`)
  expect(Object.keys(found.phases)).toEqual(['resolve', 'connect', 'processing', 'transfer'])
})

test('a target dialled by address stays there on a redirect to itself', async () => {
  const server = await serveHttp((path) => (path === '/health' ? redirect('/health/') : response(200)))
  const found = await subject({ hosts: '' }).outcome(
    httpEntry(`http://checkout.shop.svc:${server.port}/health`, {
      dial: { by: 'address', ip: '127.0.0.1', port: server.port },
    }),
  )
  expect(found).toMatchObject({ kind: 'ok', http: { redirects: 1 } })
})

test('a redirect to https is judged there: no request goes to an untrusted peer', async () => {
  const root = await Authority.create()
  const identity = await selfSigned({ dns: ['other.test'] })
  const secure = await serveTls(
    { cert: identity.certificate, key: identity.key },
    answering(() => response(200)),
  )
  const plain = await serveHttp(() => redirect(`https://other.test:${secure.port}/`))
  const found = await subject({ certificateAuthorities: [root.certificate] }).outcome(
    httpEntry(`http://shop.test:${plain.port}/`),
  )
  expect(found).toMatchObject({ reason: 'TlsSelfSigned', http: { redirects: 1, statusCode: 0 } })
  expect(secure.received()).toBe('')
})

test.each([
  'http://169.254.169.254/latest/meta-data/',
  'http://2852039166/',
  'http://[::ffff:169.254.169.254]/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[64:ff9b::a9fe:a9fe]/',
  'http://[fe80::1]/',
  'http://[fd00:ec2::254]/',
  'http://metadata.google.internal/',
  'http://user@169.254.169.254:80/',
  'http://0.0.0.0/',
  'http://[::]/',
  '//169.254.169.254/',
  'http:\\\\169.254.169.254/',
  'https://169.254.169.254/',
])('a redirect to %s is denied without a packet or a hint', async (location) => {
  const server = await serveHttp(() => redirect(location))
  const found = await subject().outcome(httpEntry(`http://127.0.0.1:${server.port}/`))
  expect(found).toMatchObject({
    kind: 'failed',
    reason: 'HttpRedirectDenied',
    address: `127.0.0.1:${server.port}`,
  })
  expect(found.message).not.toContain('169.254')
})

test('loopback behind a redirect is denied where loopback is refused', async () => {
  const inner = await serveHttp(() => response(200, 'secret'))
  const names = await nameServer((name, type) =>
    name === 'shop.test' && type === 'A' ? { addresses: ['198.51.100.7'] } : { addresses: ['127.0.0.1'] },
  )
  const { outcome } = subject({
    addressPolicy: { loopback: 'refused' },
    nameServers: [names.address],
    hosts: '',
  })
  const found = await outcome(httpEntry(`http://inner.test:${inner.port}/`))
  expect(reasonOf(found)).toBe('PolicyDenied')
  expect(inner.accepted()).toBe(0)
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { framingOf, parseHead } from '../../src/probe/http-head.ts'
import { Trouble } from '../../src/probe/trouble.ts'

function framing(...lines: readonly string[]): unknown {
  try {
    const { kind, ...rest } = framingOf(parseHead(lines.join('\r\n')))
    return kind === 'length' ? rest : kind
  } catch (error) {
    return (error as Trouble).reason
  }
}

test('a head is taken apart: status, version, headers by lower-case name in order', () => {
  const head = parseHead('HTTP/1.1 200 Fine, thanks\r\nSet-Cookie: a=1\r\nX-Team:\t shop \r\nset-cookie: b=2')
  expect(head).toMatchObject({ status: 200, version: 1.1 })
  expect([...head.headers]).toEqual([
    ['set-cookie', ['a=1', 'b=2']],
    ['x-team', ['shop']],
  ])
})

test('a status line without a reason, and an answer without headers, are read', () => {
  expect(parseHead('HTTP/1.0 204')).toMatchObject({ status: 204, version: 1 })
  expect(parseHead('HTTP/1.1 200 ').headers.size).toBe(0)
})

test('a folded header is one header', () => {
  expect(parseHead('HTTP/1.1 200 OK\r\nX-Long: one\r\n\t two').headers.get('x-long')).toEqual(['one two'])
})

test('a header called like a property of objects is data', () => {
  expect(parseHead('HTTP/1.1 200 OK\r\n__proto__: x\r\nconstructor: y').headers.get('constructor')).toEqual([
    'y',
  ])
})

test.each([
  '',
  'HTTP/1.1',
  'HTTP/1.1 20 OK',
  'HTTP/1.1 2000 OK',
  'HTTP/1.1 099 OK',
  'HTTP/2.0 200 OK',
  'HTTP/1.2 200 OK',
  'http/1.1 200 OK',
  'HTTP/1.1  200 OK',
  'HTTP/1.1\t200 OK',
  'ICY 200 OK',
  'HTTP/1.1 200 OK\nX: y',
  'HTTP/1.1 200 O\0K',
  'HTTP/1.1 200 OK\r\nX : y',
  'HTTP/1.1 200 OK\r\nX y',
  'HTTP/1.1 200 OK\r\n: y',
  'HTTP/1.1 200 OK\r\nX: y\rZ: w',
  'HTTP/1.1 200 OK\r\nX: a\0b',
  'HTTP/1.1 200 OK\r\nX: y\nZ: w',
  'HTTP/1.1 200 OK\r\n(x): y',
])('%j is no head of HTTP/1.1', (text) => {
  expect(() => parseHead(text)).toThrow(Trouble)
})

test.each([
  [['HTTP/1.1 200 OK', 'Content-Length: 12'], { bytes: 12 }],
  [['HTTP/1.1 200 OK', 'Content-Length: 12', 'Content-Length: 12'], { bytes: 12 }],
  [['HTTP/1.1 200 OK', 'Content-Length: 12, 12'], { bytes: 12 }],
  [['HTTP/1.1 200 OK', 'Transfer-Encoding: Chunked'], 'chunked'],
  [['HTTP/1.1 200 OK'], 'until-close'],
  [['HTTP/1.1 204 None', 'Content-Length: 12'], 'none'],
  [['HTTP/1.1 304 Same', 'Content-Length: 12'], 'none'],
  [['HTTP/1.1 200 OK', 'Content-Length: 12', 'Content-Length: 13'], 'HttpProtocol'],
  [['HTTP/1.1 200 OK', 'Content-Length: +12'], 'HttpProtocol'],
  [['HTTP/1.1 200 OK', 'Content-Length: 0x12'], 'HttpProtocol'],
  [['HTTP/1.1 200 OK', 'Content-Length: '], 'HttpProtocol'],
  [['HTTP/1.1 200 OK', 'Content-Length: 99999999999999999'], 'HttpProtocol'],
  [['HTTP/1.1 200 OK', 'Content-Length: 12', 'Transfer-Encoding: chunked'], 'HttpProtocol'],
  [['HTTP/1.1 200 OK', 'Transfer-Encoding: gzip, chunked'], 'HttpProtocol'],
  [['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], 'HttpProtocol'],
  [['HTTP/1.0 200 OK', 'Transfer-Encoding: chunked'], 'HttpProtocol'],
] as const)('%j is framed without doubt or refused', (lines, expected) => {
  expect(framing(...lines)).toEqual(expected)
})

test('more than 256 fields are too many, exactly 256 are not', () => {
  const fields = (count: number) => Array.from({ length: count }, (_, index) => `X-${index}: y`)
  expect(parseHead(['HTTP/1.1 200 OK', ...fields(256)].join('\r\n')).headers.size).toBe(256)
  expect(framing('HTTP/1.1 200 OK', ...fields(257))).toBe('HttpHeadersTooLarge')
})

test('whatever comes, a head is read or refused with a reason', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      try {
        parseHead(`HTTP/1.1 200 OK\r\n${text}`)
      } catch (error) {
        expect(error).toBeInstanceOf(Trouble)
      }
    }),
  )
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BodyReader } from '../../src/probe/http-body.ts'
import type { Framing } from '../../src/probe/http-head.ts'
import { Trouble } from '../../src/probe/trouble.ts'

type Read = { readonly body: string; readonly length: number; readonly isComplete: boolean } | string

/** Reads `text` cut into the given pieces; a reason when it is refused. */
function read(framing: Framing, text: string, pieces: readonly number[] = [], bytesMax = 1024): Read {
  const reader = new BodyReader(framing, bytesMax)
  try {
    let rest = Buffer.from(text, 'latin1')
    for (const size of pieces) {
      reader.push(rest.subarray(0, size))
      rest = rest.subarray(size)
    }
    reader.push(rest)
    reader.close()
  } catch (error) {
    return `${(error as Trouble).reason} at ${reader.length}`
  }
  return { body: reader.body().toString('latin1'), length: reader.length, isComplete: reader.isComplete }
}

const chunked: Framing = { kind: 'chunked' }
const complete = (body: string) => ({ body, length: body.length, isComplete: true })

test('the cap is kept to the byte, however the end is found', () => {
  for (const framing of [{ kind: 'until-close' }, { kind: 'length', bytes: 129 }] as const) {
    expect(read(framing, 'x'.repeat(129), [], 128)).toBe('HttpBodyTooLarge at 128')
  }
  expect(read({ kind: 'length', bytes: 127 }, 'x'.repeat(127), [], 128)).toEqual(complete('x'.repeat(127)))
  expect(read({ kind: 'length', bytes: 128 }, 'x'.repeat(128), [], 128)).toEqual(complete('x'.repeat(128)))
  expect(read(chunked, `${(129).toString(16)}\r\n${'x'.repeat(129)}\r\n0\r\n\r\n`, [], 128)).toBe(
    'HttpBodyTooLarge at 128',
  )
})

test('bytes behind the announced length are not the body', () => {
  expect(read({ kind: 'length', bytes: 2 }, 'okay')).toEqual(complete('ok'))
  expect(read({ kind: 'none' }, 'okay')).toEqual(complete(''))
  expect(read({ kind: 'length', bytes: 0 }, 'okay')).toEqual(complete(''))
})

test('a body that breaks off is not complete', () => {
  expect(read({ kind: 'length', bytes: 9 }, 'half')).toMatchObject({ isComplete: false })
  expect(read(chunked, '5\r\nhello\r\n')).toMatchObject({ isComplete: false })
  expect(read(chunked, '5\nhello')).toMatchObject({ isComplete: false }) // A bare line feed ends no line.
  expect(read({ kind: 'until-close' }, 'all')).toMatchObject({ isComplete: true })
})

test.each([
  ['0\r\n\r\n', ''],
  ['5\r\nhello\r\n0\r\n\r\n', 'hello'],
  ['005;a=b;c="d"\r\nhello\r\n0;last\r\n\r\n', 'hello'],
  ['A\r\n0123456789\r\n1\r\nx\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n', '0123456789x'],
  ['5\r\n\r\n\r\n\r\r\n0\r\n\r\nHTTP/1.1 200 OK', '\r\n\r\n\r'],
])('chunks %j are put together', (text, body) => {
  expect(read(chunked, text)).toEqual(complete(body))
})

test.each([
  'x\r\nhello\r\n0\r\n\r\n',
  '-5\r\nhello\r\n',
  '+5\r\nhello',
  '0x5\r\nhello',
  '5 5\r\nhello',
  '\r\nhello',
  '5\r\nhelloworld\r\n',
  '5\r\nhello\n0\r\n\r\n',
  'ffffffffffffff\r\n',
  `5;${'x'.repeat(5000)}\r\nhello`,
  '0\r\nno trailer\r\n\r\n',
  `${'0'.repeat(5000)}`,
])('chunks that could be read in two ways are refused, case %#', (text) => {
  expect(read(chunked, text)).toMatch(/^HttpProtocol/)
})

test('endless trailers are refused', () => {
  expect(read(chunked, `0\r\n${'X-More: y\r\n'.repeat(2000)}`)).toBe('HttpHeadersTooLarge at 0')
})

test('how the bytes are cut by the network changes nothing', () => {
  const chunk = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(
      fc.array(chunk, { maxLength: 8 }),
      fc.array(fc.integer({ min: 0, max: 7 })),
      (chunks, pieces) => {
        const bytes = chunks.map((text) => Buffer.from(text).toString('latin1'))
        const wire = `${bytes.map((text) => `${text.length.toString(16)}\r\n${text}\r\n`).join('')}0\r\n\r\n`
        expect(read(chunked, wire, pieces)).toEqual(complete(bytes.join('')))
      },
    ),
  )
})

test('whatever comes, it is read or refused with a reason', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(chunked, { kind: 'length', bytes: 5 } as const),
      (text, framing) => {
        const reader = new BodyReader(framing, 64)
        try {
          reader.push(Buffer.from(text))
        } catch (error) {
          expect(error).toBeInstanceOf(Trouble)
        }
      },
    ),
  )
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MalformedWatch, type WatchEvent, WatchLines } from '../../src/kube/watch-lines.ts'

const encoder = new TextEncoder()

function added(name: string): object {
  const metadata = { name, uid: `uid-${name}`, resourceVersion: '7' }
  return { type: 'ADDED', object: { apiVersion: 'v1', kind: 'Service', metadata } }
}

function decode(chunks: readonly Uint8Array[]): WatchEvent[] {
  const lines = new WatchLines()
  const events = chunks.flatMap((chunk) => lines.push(chunk))
  lines.end()
  return events
}

test('gives the same events however the bytes are cut into chunks', () => {
  const names = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), { maxLength: 5 })
  fc.assert(
    fc.property(names, fc.array(fc.nat()), (all, cuts) => {
      const events = all.map(added)
      const bytes = encoder.encode(events.map((event) => `${JSON.stringify(event)}\n`).join(''))
      const places = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].sort((a, b) => a - b)
      const chunks = places.slice(1).map((place, index) => bytes.subarray(places[index], place))
      expect(decode(chunks)).toEqual(events)
    }),
  )
})

test('reads bookmarks and errors', () => {
  const status = { kind: 'Status', code: 410, reason: 'Expired' }
  const text = [
    { type: 'BOOKMARK', object: { kind: 'Service', metadata: { resourceVersion: '12' } } },
    { type: 'ERROR', object: status },
  ]
    .map((event) => `${JSON.stringify(event)}\n`)
    .join('')
  expect(decode([encoder.encode(text)])).toEqual([
    { type: 'BOOKMARK', resourceVersion: '12' },
    { type: 'ERROR', status },
  ])
})

const unreadable: Readonly<Record<string, Uint8Array>> = {
  'a line cut in the middle': encoder.encode(`${JSON.stringify(added('a')).slice(0, 30)}\n`),
  'a stream that ends within a line': encoder.encode(JSON.stringify(added('a'))),
  'bytes that are not UTF-8': Buffer.concat([
    encoder.encode('{"type":"ADDED","object":"'),
    Buffer.from([0xff, 0x0a]),
  ]),
  'a line that is no event': encoder.encode('7\n'),
  'an event of a type nobody knows': encoder.encode('{"type":"MOVED","object":{}}\n'),
  'an object without a resource version': encoder.encode(
    '{"type":"ADDED","object":{"metadata":{"name":"a","uid":"u"}}}\n',
  ),
  'a bookmark without a version': encoder.encode('{"type":"BOOKMARK","object":{"metadata":{}}}\n'),
}

for (const [what, bytes] of Object.entries(unreadable)) {
  test(`refuses ${what}`, () => {
    expect(() => decode([bytes])).toThrow(MalformedWatch)
  })
}

test('refuses a line that never ends', () => {
  const lines = new WatchLines()
  const mebibyte = new Uint8Array(1024 * 1024).fill(0x20)
  expect(() => {
    for (let count = 0; count < 20; count++) lines.push(mebibyte)
  }).toThrow(MalformedWatch)
})

import { createSocket } from 'node:dgram'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSystemResolver } from '../../src/notify/system-resolver.ts'

const A = 1
const AAAA = 28

/** Answers from a table of records by `name/type`; another name does not exist. */
const records: Readonly<Record<string, readonly number[]>> = {
  [`both.example.com/${A}`]: [192, 0, 2, 1],
  [`both.example.com/${AAAA}`]: [0x20, 0x01, 0x0d, 0xb8, ...Array(11).fill(0), 1],
  [`four.example.com/${A}`]: [192, 0, 2, 4],
}

const server = createSocket('udp4', (query, from) => {
  const name: string[] = []
  let offset = 12
  for (let length = query[offset] ?? 0; length > 0; length = query[offset] ?? 0) {
    name.push(query.toString('latin1', offset + 1, offset + 1 + length))
    offset += 1 + length
  }
  const question = query.subarray(12, offset + 5)
  const address = records[`${name.join('.')}/${query.readUInt16BE(offset + 1)}`]
  const isKnown = Object.keys(records).some((key) => key.startsWith(`${name.join('.')}/`))
  const head = Buffer.from([0x81, isKnown ? 0x80 : 0x83, 0, 1, 0, address === undefined ? 0 : 1, 0, 0, 0, 0])
  const answer =
    address === undefined
      ? []
      : [0xc0, 12, 0, address.length === 4 ? A : AAAA, 0, 1, 0, 0, 0, 9, 0, address.length, ...address]
  server.send(
    Buffer.concat([query.subarray(0, 2), head, question, Buffer.from(answer)]),
    from.port,
    from.address,
  )
})

let resolver: ReturnType<typeof createSystemResolver>

beforeAll(async () => {
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
  resolver = createSystemResolver({ servers: [`127.0.0.1:${server.address().port}`] })
})

afterAll(() => server.close())

test('gives the addresses of both families, IPv4 first', async () => {
  expect(await resolver.resolve('both.example.com')).toEqual(['192.0.2.1', '2001:db8::1'])
})

test('is content with one family', async () => {
  expect(await resolver.resolve('four.example.com')).toEqual(['192.0.2.4'])
})

test('rejects for a name that does not exist', async () => {
  await expect(resolver.resolve('none.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' })
})

test('asks nobody who localhost is', async () => {
  expect(await resolver.resolve('localhost')).toEqual(['127.0.0.1', '::1'])
})

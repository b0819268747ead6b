// A DNS server on loopback that answers what a test wants, byte by byte: refusals, silence and nonsense included.
import { createSocket } from 'node:dgram'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export type NameAnswer =
  | { readonly addresses: readonly string[] } // IPv4 or IPv6; those of the other family are left out.
  | { readonly rcode: 1 | 2 | 3 | 5 } // FORMERR, SERVFAIL, NXDOMAIN, REFUSED.
  | 'silence'
  | 'nonsense'

export type NameServer = {
  /** For `nameServers` of the settings. */
  readonly address: string
  /** `A checkout.shop.svc` and the like, in the order they were asked. */
  readonly questions: readonly string[]
  /** Resolves when the next question has come. */
  readonly question: () => Promise<void>
}

const types = new Map([
  [1, 'A'],
  [28, 'AAAA'],
])

/** What is longer is cut over UDP, and asked for again over TCP. */
const datagramMax = 1232

/** Names that `answer` does not know do not exist. */
export async function nameServer(
  answer: (name: string, type: string) => NameAnswer | undefined,
): Promise<NameServer> {
  const socket = createSocket('udp4')
  const questions: string[] = []
  const waiting: (() => void)[] = []
  const answerTo = (packet: Buffer): Buffer | undefined => {
    const { name, type, end } = readQuestion(packet)
    questions.push(`${type} ${name}`)
    const given = answer(name, type) ?? { rcode: 3 }
    waiting.shift()?.()
    if (given === 'silence') return undefined
    return given === 'nonsense' ? packet.subarray(0, 3) : replyTo(packet, end, given, type)
  }
  socket.on('message', (packet, from) => {
    const reply = answerTo(packet)
    if (reply !== undefined) socket.send(cut(reply), from.port, from.address)
  })
  // TCP first: any connection of another test may hold a TCP port of that number, hardly a datagram socket a UDP one.
  const streams = createServer((stream) => answerStream(stream, answerTo))
  await new Promise<void>((resolve) => streams.listen(0, '127.0.0.1', resolve))
  const { port } = streams.address() as AddressInfo
  await new Promise<void>((resolve) => socket.bind(port, '127.0.0.1', resolve))
  onTestFinished(() => {
    socket.close()
    streams.close()
  })
  return {
    address: `127.0.0.1:${port}`,
    questions,
    question: () => new Promise((resolve) => waiting.push(resolve)),
  }
}

// Over TCP each message comes after its length in two bytes.
function answerStream(stream: Socket, answerTo: (packet: Buffer) => Buffer | undefined): void {
  stream.on('error', () => {})
  stream.on('data', (bytes) => {
    const reply = answerTo(bytes.subarray(2))
    if (reply === undefined) return
    const length = Buffer.alloc(2)
    length.writeUInt16BE(reply.length)
    stream.write(Buffer.concat([length, reply]))
  })
}

function cut(reply: Buffer): Buffer {
  if (reply.length <= datagramMax) return reply
  const { end } = readQuestion(reply)
  const short = Buffer.from(reply.subarray(0, end))
  short.writeUInt16BE(short.readUInt16BE(2) | 0x0200, 2) // Truncated.
  short.writeUInt16BE(0, 6)
  return short
}

function readQuestion(packet: Buffer): { name: string; type: string; end: number } {
  const labels: string[] = []
  let offset = 12
  for (let length = packet[offset]!; length > 0; length = packet[offset]!) {
    labels.push(packet.toString('latin1', offset + 1, offset + 1 + length))
    offset += 1 + length
  }
  return { name: labels.join('.'), type: types.get(packet.readUInt16BE(offset + 1)) ?? '?', end: offset + 5 }
}

function replyTo(
  packet: Buffer,
  end: number,
  given: Exclude<NameAnswer, 'silence' | 'nonsense'>,
  type: string,
): Buffer {
  const wanted =
    'addresses' in given ? given.addresses.filter((ip) => ip.includes(':') === (type === 'AAAA')) : []
  const header = Buffer.alloc(12)
  header.writeUInt16BE(packet.readUInt16BE(0), 0)
  header.writeUInt16BE(0x8180 | ('rcode' in given ? given.rcode : 0), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(wanted.length, 6)
  return Buffer.concat([header, packet.subarray(12, end), ...wanted.map(addressRecord)])
}

// A pointer to the question's name, type, class IN, TTL 0, the address.
function addressRecord(ip: string): Buffer {
  const bytes = ip.includes(':') ? ipv6Bytes(ip) : Buffer.from(ip.split('.').map(Number))
  const head = Buffer.from([0xc0, 0x0c, 0, ip.includes(':') ? 28 : 1, 0, 1, 0, 0, 0, 0, 0, bytes.length])
  return Buffer.concat([head, bytes])
}

function ipv6Bytes(ip: string): Buffer {
  const [left = '', right = ''] = ip.split('::')
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
  const head = groups(left)
  const tail = groups(right)
  const all = [...head, ...new Array(8 - head.length - tail.length).fill(0), ...tail]
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]))
}

// UUIDs made from a name (RFC 9562, version 5), so that an object in a file has the same UID on every machine and after every restart.
import { createHash } from 'node:crypto'

/** The name space of this program's objects; any fixed UUID would do, but it must never change. */
const space = Buffer.from('7b1f6c0a5d0e4f3c9a57c2d1e8b64f90', 'hex')

/** The UUID of a text: lower case, with hyphens. Equal texts give equal UUIDs. */
export function uuidOf(name: string): string {
  const bytes = createHash('sha1').update(space).update(name).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50 // Version 5.
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80 // The variant of the RFC.
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

// Ports for the programs that cannot pick one themselves.
import { createServer } from 'node:net'

/** A TCP port that was free on loopback a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') {
    throw new Error('a TCP server has no port; this is a bug of the suite')
  }
  return address.port
}

// The one listener: opens it, tells where it is, and closes it without cutting an answer short.

import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Hono } from 'hono'
import type { Clock } from '../domain/clock.ts'

export type ListenAddress = { readonly host: string | undefined; readonly port: number } // Without a host: every interface.

export type Listener = {
  /** `host:port` as it was opened: port 0 is replaced by the one the system chose. */
  readonly address: string
  /** Takes no new connection, lets answers under way end for at most `graceMs`, then cuts what is left. Idempotent. */
  close(graceMs: number): Promise<void>
}

/** A client may keep a connection, but not hold one without sending. */
const limits = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 75_000 }
const connectionsMax = 1_024

/** Rejects with the system's error (EADDRINUSE, EACCES, ...) when the address cannot be had. */
export async function listen(app: Hono, { host, port }: ListenAddress, clock: Clock): Promise<Listener> {
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions: limits }) as Server
  server.maxConnections = connectionsMax
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  let closing: Promise<void> | undefined
  return {
    address: textOf(server.address() as AddressInfo),
    close: (graceMs) => (closing ??= close(server, graceMs, clock)),
  }
}

function close(server: Server, graceMs: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(graceMs, () => server.closeAllConnections())
    server.close(() => {
      cancel()
      resolve()
    })
    server.closeIdleConnections()
  })
}

function textOf({ address, family, port }: AddressInfo): string {
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
}

import { expect, test } from 'vitest'
import { createSingleProber } from '../../src/probe/probe-once.ts'
import { FakeClock } from '../fakes/clock.ts'
import { response, serve, serveHttp } from './servers.ts'
import { httpEntry, temporaryFile } from './subject.ts'

function single(perAddressMax?: number) {
  const clock = new FakeClock()
  const prober = createSingleProber({
    settings: {
      addressPolicy: { loopback: 'allowed' },
      hostsFile: temporaryFile(''),
      resolverFile: temporaryFile(''),
      ...(perAddressMax === undefined ? {} : { perAddressMax }),
    },
    clock,
    onDefect: (_entry, error) => {
      throw error
    },
  })
  return { prober, clock }
}

test('one probe gives one outcome, and nothing is left running', async () => {
  const server = await serveHttp(() => response(200))
  const { prober, clock } = single()
  expect(await prober.probe(httpEntry(`http://127.0.0.1:${server.port}/`))).toMatchObject({ kind: 'ok' })
  prober.close()
  expect(clock.pending).toBe(0)
})

test('a probe that finds its address busy is tried again instead of being skipped', async () => {
  const server = await serve()
  const { prober, clock } = single(1)
  const entry = httpEntry(`http://127.0.0.1:${server.port}/`)
  const both = [prober.probe(entry), prober.probe(entry)]
  const first = await server.connection()
  await clock.advanceAsync(150) // The second has given its first turn up.
  first.end(response(200))
  const second = await server.connection()
  second.end(response(503))
  expect((await Promise.all(both)).map(({ http }) => http?.statusCode)).toEqual([200, 503])
  prober.close()
})

import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { type Command, readConfig } from '../../src/config.ts'
import { runOperator } from '../../src/program/operator.ts'
import { systemClock } from '../../src/program/system-clock.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { FakeLog } from '../fakes/log.ts'
import { scratchFolders } from '../files/scratch.ts'

const scratch = scratchFolders()
const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

test('says in one line that what leads to the cluster cannot be used', async () => {
  const { code, log } = await run(join(await scratch(), 'nothing-here'))
  expect(code).toBe(78)
  expect(log.lines).toMatchObject([
    { level: 'error', message: 'the configuration of the cluster cannot be used' },
  ])
  expect(String(log.lines[0]?.fields?.reason)).toContain('nothing-here')
})

test('says in one line that the address to listen on is taken', async () => {
  const api = await serve({ metadata: { name: 'kube-system', uid: 'u' } })
  const file = join(await scratch(), 'kubeconfig')
  await writeFile(
    file,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${api}` } }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  )
  const { code, log } = await run(file, `127.0.0.1:${api}`)
  expect(code).toBe(78)
  expect(log.lines.filter(({ level }) => level === 'error')).toMatchObject([
    {
      message: `cannot listen on 127.0.0.1:${api}: another program listens there; give another address with --listen`,
    },
  ])
})

async function run(kubeconfig: string, listen = '127.0.0.1:0'): Promise<{ code: number; log: FakeLog }> {
  const log = new FakeLog()
  const code = await runOperator(command(kubeconfig, listen), {
    clock: systemClock,
    log,
    metrics: createMetrics({ process: false }),
    random: () => 0,
    uniqueText: () => 'x',
    ended: new Promise(() => {}),
  })
  return { code, log }
}

function command(kubeconfig: string, listen: string): Extract<Command, { name: 'operator' }> {
  const args = ['operator', `--listen=${listen}`]
  const environment = { KUBECONFIG: kubeconfig }
  const reading = readConfig({ program: 'roundsman', args, environment, version: '0' })
  if (reading.kind !== 'command' || reading.command.name !== 'operator') throw new Error('not understood')
  return reading.command
}

async function serve(body: object): Promise<number> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

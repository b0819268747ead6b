// Two processes and one lease on a real API server: whoever is killed, stopped, blocked or asked to go, at no time do both believe to lead.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { resource } from './cluster/api-client.ts'
import { openCluster } from './cluster/cluster.ts'
import { eventually } from './cluster/eventually.ts'
import { serviceAccountKubeconfig } from './cluster/service-account.ts'
import { Installation } from './operator.ts'

const cluster = openCluster()
const { client } = cluster
/** Who wrote, in the order in which it arrived; equal neighbours are one entry. */
const writers: { readonly name: string; readonly sinceMs: number; untilMs: number }[] = []
let installation: Installation
let kubeconfig: string
let first: ChildProcess
let second: ChildProcess

beforeAll(async () => {
  installation = await Installation.install(cluster)
  const folder = cluster.folder('leader')
  mkdirSync(folder)
  const { server, caFile } = cluster.facts
  kubeconfig = await serviceAccountKubeconfig(client, installation.account, { server, caFile, folder })
})

beforeEach(async () => {
  writers.length = 0
  first = replica('first')
  await eventually('the first leads', () => writers.length > 0, { everyMs: 10 })
  second = replica('second')
  await eventually('the second has seen who leads', () => hasRead(second))
})

afterEach(async () => {
  await Promise.all([first, second].map((child) => ended(child, 'SIGKILL')))
  await client.remove(resource('coordination.k8s.io/v1', 'leases', installation.namespace, 'roundsman'))
})

afterAll(async () => {
  await installation.uninstall()
  await cluster.close()
})

function replica(name: string): ChildProcess {
  const program = join(import.meta.dirname, 'fixtures/leader.ts')
  const child = spawn(process.execPath, [program, kubeconfig, name], { stdio: ['ignore', 'pipe', 'inherit'] })
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    for (const writer of text.trim().split('\n')) noteWrite(writer)
  })
  return child
}

function noteWrite(name: string): void {
  const nowMs = performance.now()
  const last = writers.at(-1)
  if (last?.name === name) last.untilMs = nowMs
  else writers.push({ name, sinceMs: nowMs, untilMs: nowMs })
}

/** A standby reads the lease every 1.5 s at the most; after three seconds of life it has. */
function hasRead(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => setTimeout(() => resolve(child.exitCode === null), 3_000))
}

function ended(child: ChildProcess, signal?: NodeJS.Signals): Promise<NodeJS.Signals | number | null> {
  if (child.exitCode !== null || child.signalCode !== null)
    return Promise.resolve(child.signalCode ?? child.exitCode)
  const end = new Promise<NodeJS.Signals | number | null>((resolve) => {
    child.once('exit', (code, killer) => resolve(killer ?? code))
  })
  if (signal !== undefined) child.kill(signal)
  return end
}

/** Milliseconds until the second writes, from now. */
async function untilSecondWrites(): Promise<number> {
  const began = performance.now()
  await eventually('the second leads', () => writers.at(-1)?.name === 'second', { everyMs: 10 })
  return performance.now() - began
}

test('who is asked to go hands over within 2 s', async () => {
  const end = ended(first, 'SIGTERM')
  expect(await untilSecondWrites()).toBeLessThan(2_000)
  expect(await end).toBe(0)
})

test('who is killed is followed within 12 s', async () => {
  await ended(first, 'SIGKILL')
  expect(await untilSecondWrites()).toBeLessThan(12_000)
})

test('who was stopped for two leases writes nothing before it leads again', async () => {
  first.kill('SIGSTOP')
  expect(await untilSecondWrites()).toBeLessThan(12_000)
  await new Promise((resolve) => setTimeout(resolve, 8_000))
  first.kill('SIGCONT')
  await new Promise((resolve) => setTimeout(resolve, 5_000))
  expect(writers.map(({ name }) => name)).toEqual(['first', 'second'])
})

test('whose loop is blocked loses its process before its lease, and writes nothing more', async () => {
  first.kill('SIGUSR2')
  const began = performance.now()
  expect(await ended(first)).toBe('SIGKILL')
  expect(performance.now() - began).toBeLessThan(9_000)
  await untilSecondWrites()
  expect(writers.map(({ name }) => name)).toEqual(['first', 'second'])
})

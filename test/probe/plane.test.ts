// The whole plane over real worker threads and real sockets; what takes time is waited for by its event, never slept through.
import { expect, onTestFinished, test } from 'vitest'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { ProbeEntry, ProbeListener, Transition } from '../../src/domain/probe-entry.ts'
import type { VerdictState } from '../../src/domain/verdict.ts'
import { createProbePlane, type ProbePlaneOptions } from '../../src/probe/plane.ts'
import { FakeClock } from '../fakes/clock.ts'
import { response, serve, serveHttp } from './servers.ts'
import { entryOf, httpEntry, tcpEntry, temporaryFile } from './subject.ts'

type Told = {
  readonly outcomes: { readonly target: string; readonly outcome: Outcome; readonly state: VerdictState }[]
  readonly transitions: Transition[]
  readonly others: string[]
}

function running(over: Partial<ProbePlaneOptions> = {}) {
  const told: Told = { outcomes: [], transitions: [], others: [] }
  const clock = new FakeClock()
  const errors: string[] = []
  const listener: ProbeListener = {
    onEntry: (entry, state) => told.others.push(`entry ${entry.target} ${state.verdict}`),
    onRemoved: (entry) => told.others.push(`removed ${entry.target}`),
    onOutcome: (entry, outcome, state) => told.outcomes.push({ target: entry.target, outcome, state }),
    onTransition: (_entry, transition) => told.transitions.push(transition),
    onDue: (entry) => told.others.push(`due ${entry.target}`),
  }
  const plane = createProbePlane({
    workers: 1,
    workerFile: new URL('../../src/probe/worker.ts', import.meta.url),
    settings: {
      addressPolicy: { loopback: 'allowed' },
      hostsFile: temporaryFile('127.0.0.1 localhost\n'),
      resolverFile: temporaryFile(''),
    },
    clock,
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: (message) => errors.push(message) },
    listeners: [listener],
    ...over,
  })
  onTestFinished(() => plane.stop())
  return { plane, told, clock, errors }
}

// Shorter than any spec may say, so that a slot comes soon.
const soon = { intervalMs: 100, timeoutMs: 1_000 }

test('a target is probed in a worker and its outcome, verdict and next time are told', async () => {
  const server = await serveHttp(() => response(200))
  const { plane, told } = running()
  const entry = httpEntry(`http://localhost:${server.port}/`, {}, soon)
  plane.set(entry)
  expect(plane.report(entry.uid)?.state.verdict).toBe('Unknown')
  await expect.poll(() => told.outcomes.length, { timeout: 5_000 }).toBeGreaterThan(0)
  expect(told.outcomes[0]).toMatchObject({
    target: 'checkout',
    outcome: { kind: 'ok' },
    state: { verdict: 'Healthy' },
  })
  expect(told.transitions).toMatchObject([{ from: 'Unknown', to: 'Healthy', reason: '' }])
  expect(plane.report(entry.uid)).toMatchObject({
    state: { verdict: 'Healthy' },
    transitions: [{ from: 'Unknown', to: 'Healthy' }],
  })
  expect(told.others).toEqual(expect.arrayContaining(['entry checkout Unknown', 'due checkout']))
})

test('a target that is deleted in mid-probe has its socket closed and nothing is told of it any more', async () => {
  const server = await serve()
  const { plane, told } = running()
  const entry = httpEntry(`http://127.0.0.1:${server.port}/`, {}, soon)
  plane.set(entry)
  const socket = await server.connection()
  const closed = new Promise((resolve) => socket.once('close', resolve))
  plane.remove(entry.uid)
  expect(plane.report(entry.uid)).toBeUndefined()
  await closed
  expect(told.outcomes).toEqual([])
  expect(told.others.at(-1)).toBe('removed checkout')
})

test('a state from before a restart goes on: the third failure in a row is Unhealthy', async () => {
  const { plane, told } = running({
    recall: () => ({
      verdict: 'Healthy',
      since: 1,
      reason: '',
      message: '',
      failuresInARow: 2,
      successesInARow: 0,
      softInARow: 0,
    }),
  })
  const entry = tcpEntry(1, soon)
  plane.set(entry)
  expect(plane.report(entry.uid)?.state.failuresInARow).toBe(2)
  await expect.poll(() => told.transitions.length, { timeout: 5_000 }).toBeGreaterThan(0)
  expect(told.transitions[0]).toMatchObject({ from: 'Healthy', to: 'Unhealthy', reason: 'ConnectRefused' })
})

test('targets are spread over the workers, and an equal entry says nothing twice', async () => {
  const server = await serve()
  const { plane, told } = running({ workers: 2 })
  const uids = Array.from({ length: 8 }, (_, index) => `00000000-0000-4000-8000-00000000000${index}`)
  const entries = uids.map((uid) => tcpEntry(server.port, { ...soon, uid, target: uid.slice(-1) }))
  for (const entry of [...entries, ...entries]) plane.set(entry)
  await expect.poll(() => new Set(told.outcomes.map(({ target }) => target)).size, { timeout: 5_000 }).toBe(8)
  expect(told.others.filter((line) => line.startsWith('entry'))).toHaveLength(8)
})

test('a worker that dies is started again with what was known, and the probe in flight is our own defect', async () => {
  const silent = await serve()
  const healthy = await serve()
  const { plane, told, clock, errors } = running({
    workerFile: new URL('./mortal-worker.ts', import.meta.url),
  })
  const hanging = httpEntry(
    `http://127.0.0.1:${silent.port}/`,
    {},
    { uid: 'hanging', target: 'hanging', intervalMs: 100, timeoutMs: 60_000 },
  )
  const limits = { failureThreshold: 3, successThreshold: 1, intervalMs: 60_000 } // The restart shall not look like silence.
  plane.set(tcpEntry(healthy.port, { ...soon, uid: 'lively', target: 'lively', limits }))
  await expect.poll(() => plane.report('lively')?.state.verdict, { timeout: 5_000 }).toBe('Healthy')
  plane.set(hanging)
  await silent.connection()
  plane.set(fatal)
  await expect
    .poll(() => told.outcomes.find(({ target }) => target === 'hanging'), { timeout: 5_000 })
    .toBeDefined()
  expect(told.outcomes.find(({ target }) => target === 'hanging')).toMatchObject({
    outcome: { kind: 'unknown', reason: 'InternalError' },
    state: { verdict: 'Unknown' },
  })
  expect(errors).toEqual(['A probe worker died and is started again'])
  plane.remove(fatal.uid)
  plane.remove(hanging.uid)
  const before = told.outcomes.length
  clock.advance(100)
  await expect.poll(() => told.outcomes.length, { timeout: 5_000 }).toBeGreaterThan(before)
  expect(plane.report('lively')?.state).toMatchObject({ verdict: 'Healthy' })
  expect(told.transitions.filter(({ to }) => to === 'Healthy')).toHaveLength(1)
})

test('a probe that cannot run shows why', async () => {
  const { plane, told } = running()
  const unrunnable = { reason: 'ConfigReference', message: 'Service cart does not exist' } as const
  plane.set(entryOf({ type: 'http', unrunnable }, soon))
  await expect.poll(() => told.outcomes.length, { timeout: 5_000 }).toBeGreaterThan(0)
  expect(told.outcomes[0]?.state).toMatchObject({ verdict: 'Unknown', reason: 'ConfigReference' })
})

test('after stop nothing is told and nothing is open', async () => {
  const server = await serve()
  const { plane, told } = running()
  plane.set(httpEntry(`http://127.0.0.1:${server.port}/`, {}, soon))
  const socket = await server.connection()
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await plane.stop()
  await closed
  expect(told.outcomes).toEqual([])
})

// Its worker dies of it; see mortal-worker.ts.
const fatal: ProbeEntry = tcpEntry(80, { uid: 'fatal', target: 'fatal' })

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { ProbeEntry } from '../../src/domain/probe-entry.ts'
import type { VerdictState } from '../../src/domain/verdict.ts'
import type { ProbeResult } from '../../src/probe/runner.ts'
import { ProbeScheduler } from '../../src/probe/scheduler.ts'
import { Timers } from '../../src/probe/timers.ts'
import { FakeClock } from '../fakes/clock.ts'
import { tcpEntry } from './subject.ts'

type Started = {
  readonly uid: string
  readonly namespace: string
  readonly atMs: number
  readonly signal: AbortSignal
  readonly end: (result?: ProbeResult) => Promise<void>
}

const facts = {
  startedAt: 0,
  durationSeconds: 0,
  phases: {},
  attempts: 1,
  measurementDegraded: false,
  message: '',
}
const ok: ProbeResult = { kind: 'ended', outcome: { ...facts, kind: 'ok' } }
const failed: ProbeResult = { kind: 'ended', outcome: { ...facts, kind: 'failed', reason: 'HttpStatus' } }
const unknown: ProbeResult = {
  kind: 'ended',
  outcome: { ...facts, kind: 'unknown', reason: 'InternalResolver' },
}

/** A scheduler whose probes end when the test says so, or at once with `always`. */
function scheduling(options: { readonly inFlightMax?: number; readonly always?: ProbeResult } = {}) {
  const clock = new FakeClock()
  const started: Started[] = []
  const states = new Map<string, VerdictState>()
  const outcomes: Outcome[] = []
  const dues = new Map<string, number>()
  const dropped: string[] = []
  const scheduler = new ProbeScheduler({
    clock,
    timers: new Timers(clock),
    prepare: (entry) => (signal) => begin(entry, signal),
    listener: {
      started: () => {},
      ended: (uid, outcome, state) => {
        outcomes.push(outcome)
        states.set(uid, state)
      },
      dropped: (uid) => dropped.push(uid),
      doubted: (uid, state) => states.set(uid, state),
      due: (uid, dueAt) => dues.set(uid, dueAt),
    },
    ...(options.inFlightMax === undefined ? {} : { inFlightMax: options.inFlightMax }),
  })
  function begin(entry: ProbeEntry, signal: AbortSignal): Promise<ProbeResult> {
    return new Promise((resolve) => {
      const end = async (result = ok) => {
        resolve(result)
        await clock.advanceAsync(0)
      }
      started.push({ uid: entry.uid, namespace: entry.namespace, atMs: clock.now(), signal, end })
      signal.addEventListener('abort', () => resolve({ kind: 'withdrawn' }))
      if (options.always !== undefined) resolve(options.always)
    })
  }
  return {
    clock,
    scheduler,
    started,
    states,
    outcomes,
    dues,
    dropped,
    starts: () => started.map(({ atMs }) => atMs),
  }
}

const entry = (over: Partial<ProbeEntry> = {}) => tcpEntry(80, { intervalMs: 10_000, ...over })

test('a target is probed once in each interval, from start to start', async () => {
  const { clock, scheduler, started, starts } = scheduling()
  scheduler.set(entry())
  for (let slot = 0; slot < 4; slot += 1) {
    await clock.advanceAsync(10_000)
    await started.at(-1)?.end() // However long it took.
  }
  const [first = 0] = starts()
  expect(starts()).toEqual([0, 1, 2, 3].map((slot) => first + slot * 10_000))
})

test('a restart keeps the slots', async () => {
  const { clock, scheduler, starts } = scheduling({ always: ok })
  scheduler.set(entry())
  await clock.advanceAsync(25_000)
  const again = scheduling({ always: ok })
  again.clock.advance(3_210)
  again.scheduler.set(entry())
  await again.clock.advanceAsync(20_000)
  expect((starts()[0] ?? 0) % 10_000).toBe((again.starts()[0] ?? 0) % 10_000)
})

test('a step of the wall clock moves no slot', async () => {
  const { clock, scheduler, started } = scheduling({ always: ok })
  const monotonic: number[] = []
  scheduler.set(entry())
  for (let tenth = 0; tenth < 300; tenth += 1) {
    await clock.advanceAsync(100)
    if (tenth === 120) clock.stepWall(3_600_000)
    while (monotonic.length < started.length) monotonic.push(clock.monotonicMs())
  }
  const gaps = monotonic.slice(1).map((at, index) => at - (monotonic[index] ?? 0))
  expect(gaps).toEqual(gaps.map(() => 10_000))
})

test('ten thousand new targets are all probed within one interval, evenly', async () => {
  const { clock, scheduler, starts } = scheduling({ always: ok })
  const from = clock.now()
  for (const uid of fc.sample(fc.uuid(), { numRuns: 10_000, seed: 3 }))
    scheduler.set(entry({ uid, intervalMs: 30_000 }))
  await clock.advanceAsync(30_000)
  expect(starts()).toHaveLength(10_000)
  const perSecond = new Array(30).fill(0)
  for (const at of starts()) perSecond[Math.min(29, Math.floor((at - from) / 1000))] += 1
  expect(Math.max(...perSecond)).toBeLessThan(1.2 * (10_000 / 30))
  scheduler.stop()
})

test('a slot is skipped while the last probe runs, and not made up for', async () => {
  const { clock, scheduler, started } = scheduling()
  scheduler.set(entry())
  await clock.advanceAsync(30_000)
  expect(started).toHaveLength(1)
  expect(scheduler.takePace()?.skipped['still-running']).toBe(2)
  await started[0]?.end()
  expect(started).toHaveLength(1)
  await clock.advanceAsync(10_000)
  expect(started).toHaveLength(2)
})

test('slots that passed while the loop was blocked are counted, the latest is kept, late', async () => {
  const { clock, scheduler, started, dues } = scheduling({ always: ok })
  scheduler.set(entry())
  await clock.advanceAsync(10_000)
  scheduler.takePace()
  clock.stall(35_000)
  await clock.advanceAsync(0)
  expect(started).toHaveLength(2)
  const pace = scheduler.takePace()
  expect(pace?.skipped.late).toBeGreaterThanOrEqual(2)
  expect(pace?.latenessSumSeconds).toBeLessThan(10)
  expect(dues.get(entry().uid)).toBeGreaterThan(clock.now())
})

test('a lateness is counted in its bucket', async () => {
  const { clock, scheduler } = scheduling({ always: ok })
  scheduler.set(entry())
  await clock.advanceAsync(10_000)
  expect(scheduler.takePace()?.latenessCounts[0]).toBe(1)
  expect(scheduler.takePace()).toBeUndefined()
})

test('over the bound of the worker namespaces take turns, and who waits too long gives up', async () => {
  const { clock, scheduler, started } = scheduling({ inFlightMax: 1 })
  const uids = ['a', 'a', 'a', 'b'].map((namespace, index) => ({ namespace, uid: `${namespace}-${index}` }))
  for (const { namespace, uid } of uids) scheduler.set(entry({ namespace, uid, intervalMs: 1_000 }))
  clock.stall(1_000) // All fall due in one sweep.
  await clock.advanceAsync(0)
  expect(started).toHaveLength(1)
  const first = started[0]?.namespace
  await started[0]?.end()
  await started[1]?.end()
  expect(started.slice(0, 3).map(({ namespace }) => namespace)).toContain('b')
  expect(first === 'b' ? 'b' : started[1]?.namespace).toBe('b')
  await clock.advanceAsync(100)
  expect(scheduler.takePace()?.skipped['worker-busy']).toBe(1)
})

test('a thousand hanging targets delay nobody else', async () => {
  const { clock, scheduler, started } = scheduling()
  for (let index = 0; index < 1_000; index += 1) scheduler.set(entry({ uid: `hanging-${index}` }))
  scheduler.set(entry({ uid: 'lively' }))
  await clock.advanceAsync(10_000)
  expect(started.some(({ uid }) => uid === 'lively')).toBe(true)
  const counts = scheduler.takePace()?.latenessCounts ?? []
  expect(counts.slice(1)).toEqual(counts.slice(1).map(() => 0))
})

test('while a verdict is undecided the next look comes after the retry interval, then the grid again', async () => {
  const { clock, scheduler, started, starts, dues } = scheduling()
  scheduler.set(entry({ intervalMs: 60_000, retryIntervalMs: 5_000 }))
  const slot = dues.get(entry().uid) ?? 0
  await clock.advanceAsync(slot - clock.now())
  await started[0]?.end(failed)
  await clock.advanceAsync(5_000)
  await started[1]?.end(failed)
  await clock.advanceAsync(5_000)
  await started[2]?.end(failed)
  await clock.advanceAsync(60_000)
  expect(starts()).toEqual([slot, slot + 5_000, slot + 10_000, slot + 60_000])
})

test('a retry never waits beyond the next slot, and not for a probe that took longer than itself', async () => {
  const { clock, scheduler, started, starts } = scheduling()
  scheduler.set(entry({ intervalMs: 60_000, retryIntervalMs: 5_000 }))
  await clock.advanceAsync(60_000)
  const [slot = 0] = starts()
  while (clock.now() < slot + 8_000) await clock.advanceAsync(1_000)
  const now = clock.now()
  await started[0]?.end(failed)
  await clock.advanceAsync(0)
  expect(starts()[1]).toBe(now)
})

test('without a retry interval an undecided target keeps to the grid', async () => {
  const { clock, scheduler, starts } = scheduling({ always: failed })
  scheduler.set(entry())
  await clock.advanceAsync(30_000)
  const [first = 0] = starts()
  expect(starts()).toEqual([first, first + 10_000, first + 20_000])
})

test('a target that is removed in mid-probe is aborted and has no outcome', async () => {
  const { clock, scheduler, started, outcomes, dropped } = scheduling()
  scheduler.set(entry())
  await clock.advanceAsync(10_000)
  scheduler.remove(entry().uid)
  expect(started[0]?.signal.aborted).toBe(true)
  await clock.advanceAsync(60_000)
  expect([outcomes, dropped, started.length]).toEqual([[], [entry().uid], 1])
  expect([clock.pending, scheduler.inFlight]).toEqual([0, 0])
})

test('adding, changing and removing one target touches no other', async () => {
  const { clock, scheduler, started } = scheduling({ always: ok })
  const still = scheduling({ always: ok })
  for (const uid of ['kept-1', 'kept-2']) {
    scheduler.set(entry({ uid }))
    still.scheduler.set(entry({ uid }))
  }
  for (let step = 0; step < 30; step += 1) {
    scheduler.set(entry({ uid: 'restless', timeoutMs: 1_000 + step }))
    if (step % 5 === 4) scheduler.remove('restless')
    await clock.advanceAsync(1_000)
    await still.clock.advanceAsync(1_000)
  }
  const kept = started.filter(({ uid }) => uid !== 'restless').map(({ uid, atMs }) => [uid, atMs])
  expect(kept).toEqual(still.started.map(({ uid, atMs }) => [uid, atMs]))
})

test('an equal entry changes nothing; a changed one is probed anew in the slot that it cut short', async () => {
  const { clock, scheduler, started, outcomes } = scheduling()
  scheduler.set(entry())
  await clock.advanceAsync(10_000)
  scheduler.set(entry())
  expect(started[0]?.signal.aborted).toBe(false)
  scheduler.set(entry({ timeoutMs: 900 }))
  await clock.advanceAsync(0)
  expect(started[0]?.signal.aborted).toBe(true)
  expect(started).toHaveLength(2)
  await started[1]?.end()
  expect(outcomes).toHaveLength(1)
})

test('a changed target of a long interval is looked at within two minutes', async () => {
  const { clock, scheduler, started } = scheduling({ always: ok })
  scheduler.set(entry({ intervalMs: 86_400_000 }))
  await clock.advanceAsync(120_000)
  expect(started).toHaveLength(1)
  scheduler.set(entry({ intervalMs: 86_400_000, timeoutMs: 1_000 }))
  await clock.advanceAsync(120_000)
  expect(started).toHaveLength(2)
})

test('a change keeps what is known of the target', async () => {
  const { clock, scheduler, states } = scheduling({ always: failed })
  scheduler.set(entry())
  await clock.advanceAsync(20_000)
  scheduler.set(entry({ timeoutMs: 900 }))
  await clock.advanceAsync(10_000)
  expect(states.get(entry().uid)).toMatchObject({ verdict: 'Unhealthy', failuresInARow: 3 })
})

test('a state handed over after two of three failures becomes Unhealthy at the next', async () => {
  const before = scheduling({ always: failed })
  before.scheduler.set(entry())
  await before.clock.advanceAsync(20_000)
  const after = scheduling({ always: failed })
  after.clock.advance(20_000)
  after.scheduler.set(entry(), before.states.get(entry().uid))
  await after.clock.advanceAsync(10_000)
  expect(after.states.get(entry().uid)).toMatchObject({ verdict: 'Unhealthy', failuresInARow: 3 })
})

test('after three intervals without a conclusive outcome nobody knows any more, and the reason says why', async () => {
  const { clock, scheduler, started, states } = scheduling()
  scheduler.set(entry())
  const end = async (result: ProbeResult) => {
    await clock.advanceAsync(10_000)
    await started.at(-1)?.end(result)
  }
  await end(ok)
  await end(unknown)
  await end(unknown)
  expect(states.get(entry().uid)?.verdict).toBe('Healthy')
  await end(unknown)
  await clock.advanceAsync(0)
  expect(states.get(entry().uid)).toMatchObject({ verdict: 'Unknown', reason: 'InternalResolver' })
  await end(ok)
  expect(states.get(entry().uid)).toMatchObject({ verdict: 'Healthy', reason: '' })
})

test('a probe that never ends leads to Unknown too', async () => {
  const { clock, scheduler, started, states } = scheduling()
  scheduler.set(entry())
  await clock.advanceAsync(10_000)
  await started[0]?.end(ok)
  await clock.advanceAsync(40_000)
  expect(states.get(entry().uid)).toMatchObject({ verdict: 'Unknown', reason: 'InternalOverload' })
})

test('a state handed over that is older than three intervals is doubted at once', async () => {
  const { clock, scheduler, states } = scheduling()
  scheduler.set(entry(), {
    verdict: 'Healthy',
    since: 0,
    reason: '',
    message: '',
    failuresInARow: 0,
    successesInARow: 0,
    softInARow: 0,
    lastConclusiveAt: clock.now() - 3_600_000,
  })
  await clock.advanceAsync(0)
  expect(states.get(entry().uid)?.verdict).toBe('Unknown')
})

test('the next due time is told in wall time, and follows a retry', async () => {
  const { clock, scheduler, started, dues } = scheduling()
  scheduler.set(entry({ intervalMs: 60_000, retryIntervalMs: 5_000 }))
  const uid = entry().uid
  const first = dues.get(uid) ?? 0
  await clock.advanceAsync(first - clock.now())
  expect(dues.get(uid)).toBe(first + 60_000)
  await started[0]?.end(failed)
  expect(dues.get(uid)).toBe(first + 5_000)
})

test('a slot given up at a busy address is counted by its cause', async () => {
  const { clock, scheduler, started, outcomes } = scheduling()
  scheduler.set(entry())
  await clock.advanceAsync(10_000)
  await started[0]?.end({ kind: 'skipped', cause: 'address-busy' })
  expect(scheduler.takePace()?.skipped['address-busy']).toBe(1)
  expect(outcomes).toEqual([])
})

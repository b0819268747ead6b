import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Elector } from '../../src/kube/elector.ts'
import { noObserver } from '../../src/kube/observers.ts'
import { FakeClock } from '../fakes/clock.ts'
import { FakeLog } from '../fakes/log.ts'
import { FakeLease, fair, leaseOver, ProcessClock, type Weather } from './fake-lease.ts'

/** One replica: its elector, the clock of its process, and what its network does. */
class Replica {
  readonly clock: ProcessClock
  readonly elector: Elector
  readonly armed: (number | 'disarmed')[] = []
  readonly changes: boolean[] = []
  weather: Weather = fair
  isKilled = false

  constructor(name: string, { lease, world }: { lease: FakeLease; world: FakeClock }) {
    this.clock = new ProcessClock(world)
    this.elector = new Elector({
      store: leaseOver(lease, { world, process: this.clock, weather: () => this.weather }),
      identity: name,
      annotations: () => ({ 'roundsman.dev/address': `10.0.0.${name}:9797` }),
      clock: this.clock,
      random: () => 0,
      log: new FakeLog(),
      observer: noObserver.election,
      watchdog: { arm: (ms) => this.armed.push(ms), disarm: () => this.armed.push('disarmed') },
    })
    this.elector.onChange((isLeader) => this.changes.push(isLeader))
    this.elector.start()
  }

  /** As `kill -9`: it never does anything again. */
  kill(): void {
    this.isKilled = true
    this.clock.stop()
  }

  get leads(): boolean {
    return !this.isKilled && this.elector.isLeader()
  }
}

function cluster(names: readonly string[]) {
  const world = new FakeClock()
  const lease = new FakeLease()
  const replicas = names.map((name) => new Replica(name, { lease, world }))
  const leaders = (): readonly string[] => names.filter((_, index) => replicas[index]?.leads)
  /** In small steps, so that two leaders cannot hide between two looks. */
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 50) {
      await world.advanceAsync(Math.min(50, ms - passed))
      expect(leaders().length).toBeLessThanOrEqual(1)
    }
  }
  const [a, b] = replicas
  if (a === undefined || b === undefined) throw new Error('a cluster of two at least')
  return { world, lease, replicas, leaders, pass, a, b }
}

test('makes one of two the leader, and the same one stays it', async () => {
  const { leaders, pass, lease } = cluster(['1', '2'])
  await pass(100)
  expect(leaders()).toEqual(['1'])
  await pass(120_000)
  expect(leaders()).toEqual(['1'])
  expect(lease.record).toMatchObject({ holder: '1', durationSeconds: 9, transitions: 0 })
})

test('writes times with six fraction digits', async () => {
  const { pass, lease } = cluster(['1', '2'])
  await pass(100)
  for (const time of [lease.record?.acquireTime, lease.record?.renewTime]) {
    expect(time).toMatch(/^2026-01-01T00:00:00\.\d{6}Z$/)
  }
})

test('takes over within 12 s from a leader that was killed', async () => {
  const { leaders, pass, a } = cluster(['1', '2'])
  await pass(20_000)
  a.kill()
  await pass(8_000)
  expect(leaders()).toEqual([])
  await pass(4_000)
  expect(leaders()).toEqual(['2'])
})

test('takes over within 2 s from a leader that gave its lease away', async () => {
  const { leaders, pass, a, lease } = cluster(['1', '2'])
  await pass(20_000)
  a.elector.stepDown()
  expect(a.elector.isLeader()).toBe(false)
  const released = a.elector.release()
  await pass(2_000)
  await released
  expect(leaders()).toEqual(['2'])
  expect(lease.record).toMatchObject({ holder: '2', transitions: 1 })
})

test('gives the lease away with the shortest duration that the API server takes', async () => {
  const { pass, a, b, lease } = cluster(['1', '2'])
  await pass(5_000)
  b.kill()
  const released = a.elector.release()
  await pass(100)
  await released
  expect(lease.record).toMatchObject({ holder: '', durationSeconds: 1 })
})

test('does not give away what another holds by now', async () => {
  const { pass, a, lease } = cluster(['1', '2'])
  await pass(5_000)
  a.clock.stop()
  await pass(12_000)
  a.clock.continue()
  const released = a.elector.release()
  await pass(5_000)
  await released
  expect(lease.record?.holder).toBe('2')
})

test('steps down at its deadline when it cannot renew, before another may take over', async () => {
  const { pass, leaders, a } = cluster(['1', '2'])
  await pass(10_000)
  a.weather = { ...fair, lost: 'request' }
  await pass(6_000)
  expect(leaders()).toEqual([])
  expect(a.changes).toEqual([true, false])
  await pass(6_000)
  expect(leaders()).toEqual(['2'])
})

test('ends its term by signal, and begins another with a new one', async () => {
  const { pass, a, b } = cluster(['1', '2'])
  b.kill()
  await pass(10_000)
  const term = a.elector.term
  expect(term?.aborted).toBe(false)
  a.weather = { ...fair, lost: 'request' }
  await pass(7_000)
  expect(term?.aborted).toBe(true)
  expect(a.elector.term).toBeUndefined()
  a.weather = fair
  await pass(5_000)
  expect(a.elector.term?.aborted).toBe(false)
})

test('knows at once that it leads no more when its process was stopped for two leases', async () => {
  const { pass, leaders, a } = cluster(['1', '2'])
  await pass(10_000)
  a.clock.stop()
  await pass(18_000)
  expect(leaders()).toEqual(['2'])
  // Not one of its timers has fired yet.
  expect(a.elector.isLeader()).toBe(false)
  expect(a.elector.isPastDeadline()).toBe(true)
  a.clock.continue()
  await pass(5_000)
  expect(a.elector.isPastDeadline()).toBe(false)
  expect(leaders()).toEqual(['2'])
})

test('arms the watchdog for as long as its renewal is good, and disarms it when it steps down', async () => {
  const { pass, a } = cluster(['1', '2'])
  await pass(4_000)
  expect(a.armed.length).toBeGreaterThanOrEqual(2)
  for (const ms of a.armed) expect(ms).toBeGreaterThan(5_000)
  a.elector.stepDown()
  expect(a.armed.at(-1)).toBe('disarmed')
})

test('ignores the wall clock, its own and that of others', async () => {
  const { pass, leaders, a, b } = cluster(['1', '2'])
  await pass(10_000)
  a.clock.stepWall(-7_200_000)
  b.clock.stepWall(7_200_000)
  await pass(60_000)
  expect(leaders()).toEqual(['1'])
  a.clock.stepWall(14_400_000)
  await pass(60_000)
  expect(leaders()).toEqual(['1'])
})

test('keeps leading though the answer to a renewal is lost', async () => {
  const { pass, leaders, a } = cluster(['1', '2'])
  await pass(10_000)
  a.weather = { ...fair, lost: 'answer' }
  await pass(3_000)
  a.weather = fair
  await pass(60_000)
  expect(leaders()).toEqual(['1'])
  expect(a.changes).toEqual([true])
})

test('never leads over a network that takes most of the deadline for every call', async () => {
  const { pass, leaders, replicas } = cluster(['1', '2'])
  for (const replica of replicas) replica.weather = { requestMs: 2_400, answerMs: 2_400, lost: 'none' }
  await pass(60_000)
  expect(leaders()).toEqual([])
})

test('steps down when a hand gives the lease to somebody else, and waits for that one to be gone', async () => {
  const { pass, leaders, lease, a } = cluster(['1', '2'])
  await pass(10_000)
  lease.edit({ holder: 'somebody', durationSeconds: 1 })
  await pass(2_000)
  expect(leaders()).toEqual([])
  expect(a.changes).toEqual([true, false])
  await pass(6_500)
  expect(leaders()).toEqual([]) // Whatever duration was written there.
  await pass(4_000)
  expect(leaders()).toHaveLength(1)
})

test('makes the lease anew when it was deleted, without a change of leader', async () => {
  const { pass, leaders, lease, a } = cluster(['1', '2'])
  await pass(10_000)
  lease.record = undefined
  await pass(10_000)
  expect(leaders()).toEqual(['1'])
  expect(a.changes).toEqual([true])
  expect(lease.record).toMatchObject({ holder: '1' })
})

test('changes hands at most about once a minute while somebody keeps taking the lease away', async () => {
  const { pass, lease, a, b } = cluster(['1', '2'])
  b.kill()
  for (let minute = 0; minute < 5; minute++) {
    for (let second = 0; second < 60; second += 10) {
      await pass(10_000)
      lease.edit({ holder: '' })
    }
  }
  const losses = a.changes.filter((isLeader) => !isLeader).length
  expect(losses).toBeLessThanOrEqual(6)
})

test('tells who leads, and what that one says of itself', async () => {
  const { pass, a, b, lease } = cluster(['1', '2'])
  await pass(10_000)
  lease.edit({ annotations: { ...lease.record?.annotations, 'example.org/note': 'kept' } })
  await pass(3_000)
  const annotations = { 'roundsman.dev/address': '10.0.0.1:9797', 'example.org/note': 'kept' }
  expect(b.elector.leader()).toEqual({ identity: '1', annotations })
  expect(a.elector.leader()).toEqual({ identity: '1', annotations })
  a.kill()
  await pass(8_000)
  expect(b.elector.leader()?.identity).toBe('1')
  await pass(4_000)
  expect(b.elector.leader()?.identity).toBe('2')
})

test('never has two leaders, whatever pauses, clock jumps, delays and lost answers there are', async () => {
  const who = fc.integer({ min: 0, max: 2 })
  const weather = fc.record({
    requestMs: fc.integer({ min: 1, max: 5_000 }),
    answerMs: fc.integer({ min: 1, max: 5_000 }),
    lost: fc.constantFrom('none' as const, 'request' as const, 'answer' as const),
  })
  const deed = fc.oneof(
    fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 50, max: 12_000 }) }),
    fc.record({ do: fc.constant('stop' as const), who }),
    fc.record({ do: fc.constant('continue' as const), who }),
    fc.record({ do: fc.constant('weather' as const), who, weather }),
    fc.record({ do: fc.constant('clear' as const), who }),
    fc.record({ do: fc.constant('step' as const), who, ms: fc.integer({ min: -7_200_000, max: 7_200_000 }) }),
    fc.record({ do: fc.constant('free' as const) }),
  )
  const run = async (
    deeds: readonly (typeof deed extends fc.Arbitrary<infer D> ? D : never)[],
  ): Promise<void> => {
    const { replicas, pass, lease, leaders } = cluster(['1', '2', '3'])
    for (const act of deeds) {
      const replica = 'who' in act ? replicas[act.who] : undefined
      if (act.do === 'pass') await pass(act.ms)
      else if (act.do === 'stop') replica?.clock.stop()
      else if (act.do === 'continue') replica?.clock.continue()
      else if (act.do === 'weather' && replica !== undefined) replica.weather = act.weather
      else if (act.do === 'clear' && replica !== undefined) replica.weather = fair
      else if (act.do === 'step') replica?.clock.stepWall(act.ms)
      else if (act.do === 'free') lease.edit({ labels: { touched: 'yes' } })
      await pass(50)
    }
    for (const replica of replicas) {
      replica.clock.continue()
      replica.weather = fair
    }
    await pass(75_000)
    expect(leaders()).toHaveLength(1) // In the end somebody leads again.
  }
  await fc.assert(fc.asyncProperty(fc.array(deed, { maxLength: 25 }), run), { numRuns: 60 })
}, 60_000)

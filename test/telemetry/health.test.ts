import { describe, expect, test } from 'vitest'
import type { KindName } from '../../src/domain/kinds.ts'
import type { Availability } from '../../src/reconcile/ports.ts'
import { healthReport, LoopBeat, leaderCheck, Readiness, reflectorCheck } from '../../src/telemetry/health.ts'
import { FakeClock } from '../fakes/clock.ts'

describe('the health of the process', () => {
  test('fails once the main loop was silent for more than 10 s', () => {
    const clock = new FakeClock()
    const beat = new LoopBeat(clock)
    clock.advance(60_000)
    expect(beat.problem()).toBeUndefined()
    beat.stop() // As a held loop: the timer does not come.
    clock.advance(10_000)
    expect(beat.problem()).toBeUndefined()
    clock.advance(1_000)
    expect(beat.problem()).toBe('the main loop was silent for 11s')
    expect(clock.pending).toBe(0)
  })

  test('is not touched by a step of the wall clock', () => {
    const clock = new FakeClock()
    const beat = new LoopBeat(clock)
    clock.stepWall(3_600_000)
    expect(beat.problem()).toBeUndefined()
    beat.stop()
  })

  test('fails when it leads past its deadline', () => {
    expect(healthReport([leaderCheck({ isPastDeadline: () => true })])).toEqual({
      ok: false,
      checks: [{ name: 'leader', ok: false, detail: 'leads past the deadline of its lease' }],
    })
    expect(healthReport([leaderCheck({ isPastDeadline: () => false })]).ok).toBe(true)
  })

  test('fails when a reflector attempted nothing for 15 min, and names it', () => {
    const clock = new FakeClock()
    const started = clock.monotonicMs()
    const check = reflectorCheck(
      () => [
        { kind: 'Silence', atMonotonicMs: started },
        { kind: 'AlertPolicy', atMonotonicMs: clock.monotonicMs() },
      ],
      clock,
    )
    clock.advance(15 * 60_000)
    expect(check.problem()).toBeUndefined()
    clock.advance(1)
    expect(check.problem()).toBe('nothing was attempted for 15m by Silence')
  })
})

describe('readiness', () => {
  const kinds: readonly KindName[] = ['InspectionTarget', 'PrometheusRule']
  const readiness = (states: Partial<Record<KindName, Availability>>) =>
    new Readiness(kinds, (kind) => states[kind] ?? { state: 'syncing' })

  test('waits until every kind was read, and names the ones that were not', () => {
    const states: Partial<Record<KindName, Availability>> = { InspectionTarget: { state: 'synced' } }
    const waiting = readiness(states)
    expect(waiting.report()).toEqual({
      ok: false,
      checks: [
        { name: 'InspectionTarget', ok: true, detail: 'synced' },
        { name: 'PrometheusRule', ok: false, detail: 'not read yet' },
      ],
    })
    states.PrometheusRule = { state: 'synced' }
    expect(waiting.report().ok).toBe(true)
  })

  test('counts a kind that is not served as read', () => {
    const states = { InspectionTarget: { state: 'synced' }, PrometheusRule: { state: 'notServed' } } as const
    expect(readiness(states).report().ok).toBe(true)
  })

  test('tells the missing right when a kind may not be read', () => {
    const message = 'cannot list prometheusrules'
    const states = {
      InspectionTarget: { state: 'synced' },
      PrometheusRule: { state: 'forbidden', message },
    } as const
    expect(readiness(states).report().checks[1]).toEqual({
      name: 'PrometheusRule',
      ok: false,
      detail: message,
    })
  })

  test('stays once it was reached, though a kind is lost later', () => {
    const states: Partial<Record<KindName, Availability>> = {
      InspectionTarget: { state: 'synced' },
      PrometheusRule: { state: 'synced' },
    }
    const ready = readiness(states)
    expect(ready.report().ok).toBe(true)
    states.InspectionTarget = { state: 'syncing' }
    expect(ready.report().ok).toBe(true)
  })

  test('ends when the process begins to drain', () => {
    const ready = readiness({ InspectionTarget: { state: 'synced' }, PrometheusRule: { state: 'synced' } })
    ready.drain()
    expect(ready.report().ok).toBe(false)
    expect(ready.report().checks.at(-1)).toEqual({ name: 'shutdown', ok: false, detail: 'draining' })
  })
})

test('a report asks a check that keeps a state of its own', () => {
  const beat = new LoopBeat(new FakeClock())
  expect(healthReport([beat])).toEqual({ ok: true, checks: [{ name: 'loop', ok: true, detail: 'ok' }] })
  beat.stop()
})

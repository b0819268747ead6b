import { describe, expect, test } from 'vitest'
import { type AlertState, nextState } from '../../src/evaluate/alert-state.ts'

const wall = 1_000_000 // What the wall clock is ahead of the judge's own time line.

/** The phases after each evaluation; evaluations are 15 s apart. */
function phases(holds: readonly boolean[], forMs: number): readonly string[] {
  let state: AlertState | undefined
  return holds.map((fires, index) => {
    const atMs = index * 15_000
    state = nextState(state, { fires }, { atMs, now: wall + atMs }, forMs)
    return state?.phase ?? '-'
  })
}

describe('the life of an alert', () => {
  test('fires at once without a `for`', () => {
    expect(phases([false, true, false], 0)).toEqual(['-', 'firing', '-'])
  })

  test('fires when `for` has passed exactly, counted from the first true evaluation', () => {
    expect(phases([true, true, true, true], 30_000)).toEqual(['pending', 'pending', 'firing', 'firing'])
    expect(phases([true, true, true, true], 30_001)).toEqual(['pending', 'pending', 'pending', 'firing'])
  })

  test('one missing evaluation begins `for` anew', () => {
    expect(phases([true, true, false, true, true, true], 30_000)).toEqual([
      'pending',
      'pending',
      '-',
      'pending',
      'pending',
      'firing',
    ])
  })

  test('says since when the rule holds and since when it fires, by the wall clock', () => {
    const pending = nextState(undefined, { fires: true }, { atMs: 10, now: wall }, 5)
    expect(pending).toEqual({ phase: 'pending', activeAtMs: 10, since: wall })
    const firing = nextState(pending, { fires: true }, { atMs: 15, now: wall + 999 }, 5)
    expect(firing).toEqual({ phase: 'firing', activeAtMs: 10, since: wall, firingSince: wall + 999 })
    expect(nextState(firing, { fires: true }, { atMs: 30, now: wall + 5_000 }, 5)).toBe(firing)
  })

  test('an edit that lengthens `for` does not silence what fires', () => {
    const firing = nextState(undefined, { fires: true }, { atMs: 0, now: 0 }, 0)
    expect(nextState(firing, { fires: true }, { atMs: 15, now: 15 }, 60_000)).toBe(firing)
  })
})

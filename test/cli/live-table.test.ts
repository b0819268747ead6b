import { expect, test } from 'vitest'
import { LiveTable } from '../../src/cli/live-table.ts'
import type { Standing } from '../../src/cli/standing.ts'
import { FakeClock } from '../fakes/clock.ts'
import { now, standing, target } from './standing-builders.ts'

function shown({ isTerminal }: { isTerminal: boolean }) {
  const clock = new FakeClock(now)
  const written: string[] = []
  const screen = {
    isTerminal,
    isColour: false,
    write: (text: string) => void written.push(text),
    size: () => ({ columns: 80, rows: 24 }),
  }
  const state = { current: standing({ targets: [target('a')] }) as Standing }
  const table = new LiveTable(screen, clock)
  return { clock, written, state, table }
}

test('on a terminal the table is drawn again each second, over itself', () => {
  const { clock, written, state, table } = shown({ isTerminal: true })
  table.start(() => state.current, ['look here'])
  expect(written[0]).toContain('1 target is healthy')
  expect(written[0]).not.toContain('\u001b[J')
  const lines = written[0]!.trimEnd().split('\n').length
  state.current = standing()
  clock.advance(1_000)
  expect(written[1]).toContain(`\u001b[${lines}A\r\u001b[J`)
  expect(written[1]).toContain('no target is declared')
})

test('lines of the log come to stand above the table, which is drawn again below them', () => {
  const { written, state, table } = shown({ isTerminal: true })
  table.start(() => state.current, [])
  table.print('a line of the log\n')
  expect(written[1]).toMatch(/\[J.*a line of the log\n$/s)
  expect(written[2]).toContain('1 target is healthy')
  expect(written[2]).not.toContain('\u001b[J')
})

test('elsewhere each change is a line, and where to look comes first', () => {
  const { clock, written, state, table } = shown({ isTerminal: false })
  table.start(() => state.current, ['look here'])
  clock.advance(3_000)
  state.current = standing({
    targets: [target('a', { verdict: 'Degraded', since: now, why: 'slower than 800ms' })],
  })
  clock.advance(1_000)
  expect(written).toEqual([
    'look here\n',
    '15:04:05 ✔ Healthy shop/a\n',
    '15:04:09 ▲ Degraded shop/a: slower than 800ms (was Healthy for 3h)\n',
  ])
})

test('after the stop the last state stays, and nothing is drawn over it', () => {
  const { clock, written, state, table } = shown({ isTerminal: true })
  table.start(() => state.current, [])
  table.stop()
  table.stop()
  expect(written).toHaveLength(2)
  table.print('ended\n')
  expect(written[2]).toBe('ended\n')
  expect(clock.pending).toBe(0)
})

test('lines before the start are written as they are', () => {
  const { written, table } = shown({ isTerminal: true })
  table.print('early\n')
  expect(written).toEqual(['early\n'])
})

import { expect, test } from 'vitest'
import type { Mode } from '../../src/demo/mode.ts'
import { demoStory, tellStory } from '../../src/demo/story.ts'
import { FakeClock } from '../fakes/clock.ts'

function telling() {
  const clock = new FakeClock()
  const modes: Mode[] = []
  const end = tellStory(
    { setMode: (mode) => modes.push(mode) },
    { chapters: demoStory, after: (delayMs, callback) => clock.after(delayMs, callback) },
  )
  return { clock, modes, end }
}

test('within a minute it breaks and is mended, and so on', () => {
  const { clock, modes } = telling()
  clock.advance(60_000)
  expect(modes).toEqual(['ok', 'fail', 'ok', 'fail'])
})

test('it ends when it is told to, and leaves the mode alone', () => {
  const { clock, modes, end } = telling()
  clock.advance(20_000)
  end()
  clock.advance(60_000)
  expect(modes).toEqual(['ok', 'fail'])
  expect(clock.pending).toBe(0)
})

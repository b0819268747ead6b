import fc from 'fast-check'
import { expect, it } from 'vitest'
import { durationMs, printDuration } from '../../src/domain/duration.ts'

it('reads what manifests write', () => {
  expect(durationMs('30s')).toBe(30_000)
  expect(durationMs('1h30m')).toBe(5_400_000)
  expect(durationMs('2w1d')).toBe(15 * 86_400_000)
  expect(durationMs('1s500ms')).toBe(1_500)
  expect(durationMs('0s')).toBe(0)
})

it('calls a text that no schema admits a bug of ours', () => {
  for (const text of ['', '5', '1.5h', '30s1h', 'm', ' 1s', '-1s']) {
    expect(() => durationMs(text)).toThrow('bug of Roundsman')
  }
})

it('prints days and smaller units, the way Prometheus takes them', () => {
  expect(printDuration(0)).toBe('0s')
  expect(printDuration(90_000)).toBe('1m30s')
  expect(printDuration(14 * 86_400_000)).toBe('14d')
  expect(printDuration(1)).toBe('1ms')
})

it('prints a text that reads as the same time', () => {
  fc.assert(
    fc.property(fc.nat({ max: 400 * 86_400_000 }), (ms) => {
      expect(durationMs(printDuration(ms))).toBe(ms)
    }),
  )
})

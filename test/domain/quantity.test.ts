import { expect, it } from 'vitest'
import { quantityValue } from '../../src/domain/quantity.ts'

it.each([
  [800, 800],
  ['0.5', 0.5],
  ['800ms', 0.8],
  ['2s', 2],
  ['5%', 0.05],
  ['99.9%', 0.999],
  ['0.1%', 0.001],
  ['-3k', -3000],
  ['1.5M', 1_500_000],
  ['512Mi', 536_870_912],
  ['1Ti', 1_099_511_627_776],
])('reads %s as %d', (quantity, value) => {
  expect(quantityValue(quantity)).toBe(value)
})

it('calls a text that no schema admits a bug of ours', () => {
  for (const text of ['', 'ms', '5m', '1e3', '.5', '1 s']) {
    expect(() => quantityValue(text)).toThrow('bug of Roundsman')
  }
})

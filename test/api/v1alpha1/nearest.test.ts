import { expect, test } from 'vitest'
import { nearest } from '../../../src/api/v1alpha1/nearest.ts'

test.each([
  ['timout', ['timeout', 'interval'], 'timeout'],
  ['URL', ['url', 'path'], 'url'],
  ['recievers', ['receivers', 'routes'], 'receivers'],
  ['xyz', ['url', 'path'], undefined],
  ['a', [], undefined],
  ['a'.repeat(10_000), ['timeout'], undefined],
])('%s is nearest to the right one of %j', (name, known, expected) => {
  expect(nearest(name, known)).toBe(expected)
})

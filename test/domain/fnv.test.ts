import { expect, test } from 'vitest'
import { fnv1a32, fnv1a64 } from '../../src/domain/fnv.ts'

test('agrees with the published values of FNV-1a, 64 bits', () => {
  expect(fnv1a64('')).toBe(0xcbf29ce484222325n)
  expect(fnv1a64('a')).toBe(0xaf63dc4c8601ec8cn)
  expect(fnv1a64('foobar')).toBe(0x85944171f73967e8n)
})

test('agrees with the published values of FNV-1a, 32 bits', () => {
  expect(fnv1a32([])).toBe(0x811c9dc5)
  expect(fnv1a32([...'a'].map((letter) => letter.charCodeAt(0)))).toBe(0xe40c292c)
  expect(fnv1a32([...'foobar'].map((letter) => letter.charCodeAt(0)))).toBe(0xbf9cf968)
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fingerprintOf } from '../../src/evaluate/alert-identity.ts'

test('gives the fingerprint that Prometheus gives', () => {
  // From the tests of prometheus/common, model/signature_test.go.
  expect(fingerprintOf(new Map())).toBe(14_695_981_039_346_656_037n.toString(16))
  const labels = new Map([
    ['name', 'garland, briggs'],
    ['fear', 'love is not enough'],
  ])
  expect(fingerprintOf(labels)).toBe(5_799_056_148_416_392_346n.toString(16).padStart(16, '0'))
})

test('is always 16 hex digits, whatever the order of the labels', () => {
  const labels = fc.uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), {
    selector: ([name]) => name,
  })
  fc.assert(
    fc.property(labels, (pairs) => {
      const fingerprint = fingerprintOf(new Map(pairs))
      expect(fingerprint).toMatch(/^[0-9a-f]{16}$/)
      expect(fingerprintOf(new Map(pairs.toReversed()))).toBe(fingerprint)
    }),
  )
})

test('tells labels apart whose names and values run into each other', () => {
  expect(fingerprintOf(new Map([['ab', 'c']]))).not.toBe(fingerprintOf(new Map([['a', 'bc']])))
})

import { expect, test } from 'vitest'
import { uuidOf } from '../../src/files/uuid.ts'

test('gives a version 5 UUID that is the same everywhere and for ever', () => {
  expect(uuidOf('InspectionTarget/shop/checkout')).toBe('d6a17497-24e2-5428-8ae9-2acaa03a7422')
})

test('tells a/b-c from a-b/c', () => {
  expect(uuidOf('Silence/a/b-c')).not.toBe(uuidOf('Silence/a-b/c'))
})

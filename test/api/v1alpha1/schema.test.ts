import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { duration } from '../../../src/api/v1alpha1/duration.ts'
import {
  atomic,
  choice,
  defaulted,
  granular,
  integer,
  integerOrText,
  listBy,
  setOf,
  text,
} from '../../../src/api/v1alpha1/schema.ts'
import { structureOf } from '../../../src/api/v1alpha1/structure.ts'

describe('builders', () => {
  test('an optional member is not required, one with a default neither', () => {
    const schema = granular('A.', {
      a: text('B.', { max: 3 }),
      b: text('C.', { max: 3 }).optional(),
      c: defaulted(choice('D.', ['x', 'y']), 'x'),
    })
    expect(structureOf(schema)).toEqual({
      description: 'A.',
      type: 'object',
      required: ['a'],
      properties: {
        a: { description: 'B.', type: 'string', minLength: 1, maxLength: 3 },
        b: { description: 'C.', type: 'string', minLength: 1, maxLength: 3 },
        c: { description: 'D.', type: 'string', enum: ['x', 'y'], default: 'x' },
      },
    })
    expect(schema.parse({ a: '1' })).toEqual({ a: '1', c: 'x' })
  })

  test('an object that may be empty has one owner', () => {
    expect(structureOf(atomic('A.', {}))).toMatchObject({ 'x-kubernetes-map-type': 'atomic' })
  })

  test('a duration has the format by which CEL compares lengths', () => {
    expect(structureOf(duration('A.', { min: '1s', max: '24h' }))).toMatchObject({
      format: 'duration',
      'x-kubernetes-validations': [
        { rule: "self >= duration('1s') && self <= duration('24h')", message: 'must be between 1s and 24h' },
      ],
    })
  })

  test('an integer or text has no type, and bounds for both', () => {
    expect(structureOf(integerOrText('Integer or quoted string.', { max: 5 }))).toEqual({
      description: 'Integer or quoted string.',
      'x-kubernetes-int-or-string': true,
      maxLength: 5,
    })
  })

  test('a set tells 304 from "304" and finds what is there twice', () => {
    const codes = setOf('A.', integerOrText('Integer or quoted string.', { max: 5 }), { max: 3 })
    expect(codes.safeParse([304, '304']).success).toBe(true)
    expect(codes.safeParse([304, 304]).error?.issues[0]?.message).toBe(
      '304 stands at [0] already; keep one of them',
    )
  })

  test('the key of a list must be there', () => {
    const item = granular('A.', { name: text('B.', { max: 3 }).optional() })
    expect(() => listBy('C.', 'name', item, { max: 2 })).toThrow('list key name must be required')
  })

  test('a schema that went past them has no place in a CRD', () => {
    expect(() => granular('A.', { a: z.string() })).toThrow('was not made by the builders of schema.ts')
    expect(() => granular('A.', { a: z.number().optional() })).toThrow(
      'was not made by the builders of schema.ts',
    )
  })

  test('lengths are counted in characters, as the API server counts them', () => {
    expect(text('A.', { max: 2 }).safeParse('😀😀').success).toBe(true)
    expect(text('A.', { max: 2 }).safeParse('😀😀😀').error?.issues[0]?.message).toBe(
      'is 3 characters long; at most 2 are allowed',
    )
  })

  test('an unbounded integer has no upper bound', () => {
    expect(structureOf(integer('A.', { min: 0 }))).not.toHaveProperty('maximum')
  })
})

import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { lintSchema } from '../../../src/api/v1alpha1/crd-lint.ts'

const description = 'Something.'
const scalar = { description, type: 'string', maxLength: 10 }
const named = { description, type: 'object', required: ['name'], properties: { name: scalar } }

/** The problems of a spec with this one member. */
function lintMember(member: unknown) {
  return lintSchema({
    description,
    type: 'object',
    properties: { spec: { description, type: 'object', required: ['member'], properties: { member } } },
  })
}

test('what is legal passes', () => {
  const list = { description, type: 'array', maxItems: 3 }
  const legal = [
    scalar,
    { description, type: 'integer', format: 'int64', minimum: 1, maximum: 3 },
    { description, type: 'boolean' },
    { description, 'x-kubernetes-int-or-string': true, maxLength: 10 },
    {
      description,
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      'x-kubernetes-map-type': 'atomic',
    },
    {
      description,
      type: 'object',
      'x-kubernetes-map-type': 'atomic',
      additionalProperties: scalar,
      maxProperties: 2,
    },
    { ...list, 'x-kubernetes-list-type': 'set', items: scalar },
    { ...list, 'x-kubernetes-list-type': 'atomic', items: named },
    { ...list, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'], items: named },
  ]
  for (const member of legal) expect(lintMember(member)).toEqual([])
})

describe('each construct that an API server would refuse or misread is told with its place', () => {
  test.each([
    ['a reference', { $ref: '#/a' }, 'must not hold $ref: write the schema out'],
    [
      'a union of typed schemas',
      { description, anyOf: [scalar] },
      'must not hold anyOf: use optional members',
    ],
    ['alternatives', { description, oneOf: [scalar] }, 'must not hold oneOf'],
    ['an intersection', { description, allOf: [scalar] }, 'must not hold allOf'],
    ['a negation', { ...scalar, not: {} }, 'must not hold not'],
    ['no type', { description }, 'must have a type'],
    [
      'a type beside int-or-string',
      { ...scalar, 'x-kubernetes-int-or-string': true },
      'must have no type beside',
    ],
    ['a number', { description, type: 'number' }, 'must not be a number'],
    ['several types', { description, type: ['string', 'null'] }, 'must not have type ["string","null"]'],
    ['no description', { type: 'boolean' }, 'must have a description'],
    ['an empty description', { description: ' ', type: 'boolean' }, 'must have a description'],
    ['closed members', { ...named, additionalProperties: false }, 'beside properties'],
    [
      'a closed map',
      { description, type: 'object', additionalProperties: false },
      'unknown members are pruned anyway',
    ],
    [
      'a map of anything',
      { description, type: 'object', additionalProperties: {} },
      'must give additionalProperties a type',
    ],
    [
      'an open map',
      { description, type: 'object', additionalProperties: true },
      'must give additionalProperties a type',
    ],
    ['names by pattern', { ...named, patternProperties: { a: scalar } }, 'must not hold patternProperties'],
    ['a nullable', { ...scalar, nullable: true }, 'must not hold nullable: leave the member out'],
    ['a read-only', { ...scalar, readOnly: true }, 'must not hold readOnly'],
    [
      'unique items',
      { description, type: 'array', maxItems: 2, items: scalar, uniqueItems: true },
      'must not hold uniqueItems: use setOf',
    ],
    ['a tuple', { description, type: 'array', maxItems: 2, items: [scalar] }, 'is no schema'],
    ['a title', { ...scalar, title: 'T' }, 'must not hold title'],
    ['an encoding', { ...scalar, contentEncoding: 'base64' }, 'must not hold contentEncoding'],
    ['stray metadata of a builder', { ...scalar, k8s: {} }, 'must not hold k8s: merge it'],
    ['a constant', { ...scalar, const: 'a' }, 'must not hold const'],
    ['a keyword nobody knows', { ...scalar, examples: ['a'] }, 'must not hold examples'],
    [
      'a list of no type',
      { description, type: 'array', maxItems: 2, items: scalar },
      'must say its list type',
    ],
    [
      'a list-map without keys',
      { description, type: 'array', maxItems: 2, 'x-kubernetes-list-type': 'map', items: named },
      'must name the keys',
    ],
    [
      'a list-map whose key may be absent',
      {
        description,
        type: 'array',
        maxItems: 2,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        items: { ...named, required: [] },
      },
      'must have name as a scalar in its items',
    ],
    [
      'a list-map whose key is an object',
      {
        description,
        type: 'array',
        maxItems: 2,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        items: { ...named, properties: { name: named } },
      },
      'must have name as a scalar in its items',
    ],
    [
      'a set of objects',
      { description, type: 'array', maxItems: 2, 'x-kubernetes-list-type': 'set', items: named },
      'must be a set of scalars',
    ],
    [
      'an object that may be empty',
      { description, type: 'object', properties: { a: scalar } },
      'must be atomic',
    ],
    [
      'a default that cannot be left out',
      { ...named, properties: { name: { ...scalar, default: 'a' } } },
      'must not require name',
    ],
    ['a default of another type', { ...scalar, default: 1 }, 'must have a default of its own type'],
    ['a bare integer', { description, type: 'integer' }, 'must have format int64'],
    [
      'the bounds of JavaScript',
      { description, type: 'integer', format: 'int64', maximum: Number.MAX_SAFE_INTEGER },
      'bounds of JavaScript',
    ],
    ['a text without bound', { description, type: 'string' }, 'must have a maxLength'],
    [
      'a list without bound',
      { description, type: 'array', items: scalar, 'x-kubernetes-list-type': 'atomic' },
      'must have maxItems',
    ],
    [
      'a map without bound',
      { description, type: 'object', 'x-kubernetes-map-type': 'atomic', additionalProperties: scalar },
      'must have maxProperties',
    ],
    ['a lookahead', { ...scalar, pattern: 'a(?=b)' }, 'must have a pattern of RE2'],
    ['a backreference', { ...scalar, pattern: '(a)\\1' }, 'must have a pattern of RE2'],
    [
      'a constraint without a message',
      { ...scalar, 'x-kubernetes-validations': [{ rule: 'true' }] },
      'must give each constraint',
    ],
    ['a member that is no schema', true, 'is no schema'],
  ])('%s', (_, member, message) => {
    const problems = lintMember(member)
    expect(problems.map((problem) => problem.message).join('\n')).toContain(message)
    expect(problems.every(({ path }) => path.startsWith('.spec'))).toBe(true)
  })

  test.each([
    ['a root that is no object', { description, type: 'array' }, 'must have type object'],
    [
      'free members at the root',
      { description, type: 'object', additionalProperties: scalar },
      'at the root',
    ],
    [
      'a default at the root',
      { description, type: 'object', default: 'a' },
      'must have no default at the root',
    ],
    [
      'metadata that restricts labels',
      {
        description,
        type: 'object',
        properties: { metadata: { type: 'object', properties: { labels: scalar } } },
      },
      'must restrict only name',
    ],
  ])('%s', (_, schema, message) => {
    expect(lintSchema(schema).map((problem) => problem.message)).toEqual(
      expect.arrayContaining([expect.stringContaining(message)]),
    )
  })
})

describe('what zod would make of its own constructs does not pass', () => {
  const emitted = (schema: z.ZodType, io: 'input' | 'output' = 'input') =>
    z.toJSONSchema(z.object({ spec: z.object({ member: schema }) }), {
      target: 'openapi-3.0',
      io,
      unrepresentable: 'any',
    })

  test.each([
    ['a union', z.union([z.string(), z.boolean()])],
    ['a discriminated union', z.discriminatedUnion('kind', [z.object({ kind: z.literal('a') })])],
    ['a tuple', z.tuple([z.string()])],
    ['an integer', z.int()],
    ['a strict object', z.strictObject({ a: z.string() })],
    ['a schema with an id', z.string().meta({ id: 'a' })],
    ['a record', z.record(z.string().regex(/a/), z.string())],
    ['anything', z.unknown()],
    ['a loose object', z.looseObject({})],
    ['an encoding', z.base64()],
    ['a read-only', z.array(z.string()).readonly()],
    ['a nullable', z.string().nullable()],
    ['metadata of our own', z.string().meta({ k8s: {} })],
  ])('%s', (_, schema) => {
    expect(
      lintSchema(emitted(schema)).some(({ path }) => path.startsWith('.spec.member') || path === '(root)'),
    ).toBe(true)
  })

  test('a catch, which would be required and defaulted', () => {
    expect(
      lintSchema(emitted(z.string().catch('a'), 'output'))
        .map(({ message }) => message)
        .join('\n'),
    ).toContain('must not require member')
  })
})

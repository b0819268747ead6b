import { load } from 'js-yaml'
import { expect, test } from 'vitest'
import { kubectlSchema, plainScalar } from '../../src/manifest/scalars.ts'

// Each row is what sigs.k8s.io/yaml 1.6.0, the reader of kubectl 1.36, makes of it.
test.each<[string, unknown]>([
  ['on', true],
  ['Yes', true],
  ['y', true],
  ['n', false],
  ['OFF', false],
  ['oN', 'oN'],
  ['null', null],
  ['~', null],
  ['', null],
  ['nil', 'nil'],
  ['0', 0],
  ['-0', 0],
  ['00', 0],
  ['0_8', 8],
  ['-08', -8],
  ['0X1f', 31],
  ['0O10', 8],
  ['+5', 5],
  ['+.5', 0.5],
  ['.5e1', 5],
  ['+', '+'],
  ['010', 8],
  ['+010', 8],
  ['-010', -8],
  ['08', 8],
  ['0o10', 8],
  ['0x1F', 31],
  ['-0x1F', -31],
  ['0b11', 3],
  ['0b12', '0b12'],
  ['1_000', 1000],
  ['1e3', 1000],
  ['1E-2', 0.01],
  ['1.', 1],
  ['.5', 0.5],
  ['.', '.'],
  ['1.5', 1.5],
  ['18446744073709551615', 2 ** 64],
  ['18446744073709551616', 2 ** 64],
  ['-9223372036854775808', -(2 ** 63)],
  ['1e999', '1e999'],
  ['1:30', '1:30'],
  ['1.2.3.4', '1.2.3.4'],
  ['30s', '30s'],
  ['2026-11-22', '2026-11-22'],
  ['2026-11-22T10:00:00Z', '2026-11-22T10:00:00Z'],
  ['-', '-'],
  ['=', '='],
  ['0x', '0x'],
  ['abc', 'abc'],
])('a plain %s is %j', (source, value) => {
  expect(plainScalar(source)).toBe(value)
})

test.each<[string, unknown]>([
  ['"on"', 'on'],
  ["'010'", '010'],
  ['!!str on', 'on'],
  ['!!int "010"', 8],
  ['{010: on}', { 8: true }],
  ['{on: 1}', { true: 1 }],
  ['[y, {<<: {a: 1}, b: 2}]', [true, { a: 1, b: 2 }]],
])('%s is %j', (source, value) => {
  expect(load(source, { schema: kubectlSchema })).toEqual(value)
})

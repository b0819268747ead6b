import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { columns, cut, widthOf } from '../../src/cli/columns.ts'

const red = (text: string) => `\u001b[31m${text}\u001b[0m`

test('columns stand under each other, and lines have no trailing spaces', () => {
  expect(
    columns(
      ['NAME', 'WHY'],
      [
        ['a', 'x'],
        ['longer', ''],
      ],
    ),
  ).toEqual(['NAME    WHY', 'a       x', 'longer'])
})

test('colour takes no room', () => {
  expect(columns(['A', 'B'], [[red('x'), 'y']]).map(stripVTControlCharacters)).toEqual(['A  B', 'x  y'])
})

test('ideographs take two cells', () => {
  expect(widthOf('巡检 ok')).toBe(7)
  expect(columns(['NAME', 'B'], [['巡检', 'y']])).toEqual(['NAME  B', '巡检  y'])
})

test('a line that is too long is cut with an ellipsis, inside a colour too', () => {
  expect(cut('abcdef', 4)).toBe('abc…')
  expect(cut('abcd', 4)).toBe('abcd')
  expect(cut('巡检巡检', 5)).toBe('巡检…')
  expect(cut(red('abcdef'), 4)).toBe('\u001b[31mabc…\u001b[0m')
  expect(widthOf(cut(red('abcdef'), 4))).toBe(4)
})

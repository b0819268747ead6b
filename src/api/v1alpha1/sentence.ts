// What is wrong with a value, in words: what was found, what was expected, what to do. The place is said by whoever prints it.
import type { z } from 'zod'
import { listed } from './constraint.ts'

/** The sentence for an issue whose schema brought none of its own. Passed to zod as the error map of a parse. */
export function sentenceOf(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? 'is required'
        : `expected ${typeNames[issue.expected] ?? issue.expected}, got ${foundValue(issue.input)}${typeHint(issue)}`
    case 'invalid_value':
      return `expected ${listed(issue.values.map(String))}, got ${foundValue(issue.input)}`
    case 'too_small':
      return sizeSentence(issue, `at least ${issue.minimum}`, 'needed')
    case 'too_big':
      return sizeSentence(issue, `at most ${issue.maximum}`, 'allowed')
    default:
      return `cannot be ${foundValue(issue.input)}`
  }
}

/** What was found, short enough for a message. A text in the place of an object is not shown: it may be a secret that belongs elsewhere. */
export function foundValue(value: unknown): string {
  if (value === null) return 'nothing (null)'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  if (typeof value === 'string') return JSON.stringify(value.length > 64 ? `${value.slice(0, 63)}…` : value)
  return String(value)
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a text',
  int: 'an integer',
  number: 'an integer',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
}

function typeHint(issue: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidType>): string {
  const { expected, input } = issue
  if (expected === 'string' && (typeof input === 'number' || typeof input === 'boolean')) {
    return `; put it in quotes`
  }
  if ((expected === 'boolean' || expected === 'int' || expected === 'number') && typeof input === 'string') {
    return '; remove the quotes'
  }
  return ''
}

function sizeSentence(
  { origin, input }: { readonly origin: string; readonly input?: unknown },
  bound: string,
  verb: 'needed' | 'allowed',
): string {
  return Array.isArray(input) && origin === 'array'
    ? `has ${input.length} items; ${bound} are ${verb}`
    : `expected ${bound}, got ${foundValue(input)}`
}

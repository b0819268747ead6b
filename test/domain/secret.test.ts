import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { Secret } from '../../src/domain/secret.ts'

const secret = new Secret('hunter2')

test('gives its value only when asked to reveal it', () => {
  expect(secret.reveal()).toBe('hunter2')
})

test('shows no value however it is printed', () => {
  const printed = [
    `${secret}`,
    String(secret),
    JSON.stringify({ secret }),
    inspect(secret),
    inspect({ deep: { secret } }, { depth: 9, showHidden: true }),
    JSON.stringify(Object.entries(secret)),
    JSON.stringify({ ...secret }),
    JSON.stringify(structuredClone({ secret })),
    new Error('boom', { cause: secret }).stack,
    inspect(new Error('boom', { cause: secret })),
  ]
  for (const text of printed) expect(text).not.toContain('hunter2')
  expect(inspect(secret)).toBe('[redacted]')
})

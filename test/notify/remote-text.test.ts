import fc from 'fast-check'
import { expect, test } from 'vitest'
import { remoteText } from '../../src/notify/remote-text.ts'

test('is one line of at most 200 characters', () => {
  expect(remoteText(' no\r\nsuch\tuser ', [])).toBe('no such user')
  expect(remoteText('x'.repeat(999), [])).toBe(`${'x'.repeat(199)}…`)
})

test('masks the longest secret first, so that none shows through another', () => {
  expect(remoteText('key=abcdef and abc', ['abc', 'abcdef', ''])).toBe('key=[redacted] and [redacted]')
})

test('never holds a secret, wherever the remote side put it', () => {
  const secret = fc.stringMatching(/^[!-~]{6,30}$/).filter((text) => !'[redacted]'.includes(text))
  fc.assert(
    fc.property(secret, fc.string(), fc.string(), (hidden, before, after) => {
      expect(remoteText(before + hidden + after, [hidden])).not.toContain(hidden)
    }),
  )
})

import { expect, test } from 'vitest'
import { plainText, secondsText, timedMessage } from '../../src/probe/message.ts'

test('a sentence ends with how long it took, and in which phases', () => {
  const phases = { resolve: 0.003, connect: 0.008, tls: 0.04, processing: 1.15 }
  expect(timedMessage('expected 2xx, got 503 from 10.2.3.4:80', 1.2014, phases)).toBe(
    'expected 2xx, got 503 from 10.2.3.4:80 after 1.2s (dns 3ms, connect 8ms, tls 40ms, wait 1150ms)',
  )
  expect(timedMessage('no DNS answer', 5, {})).toBe('no DNS answer after 5s')
})

test.each([
  [0, '0ms'],
  [0.0004, '0ms'],
  [0.8, '800ms'],
  [0.9994, '999ms'],
  [0.9996, '1s'],
  [12.34, '12.3s'],
])('%d seconds are said as %s', (seconds, text) => {
  expect(secondsText(seconds)).toBe(text)
})

test('text from outside is cut, and loses its control characters', () => {
  expect(plainText('one\r\ntwo\u001b[31m')).toBe('one  two [31m')
  const long = plainText('🙂'.repeat(1024))
  expect(long).toHaveLength(1024)
  expect(long.isWellFormed()).toBe(true)
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { escapeHtml, oneLine } from '../../../src/notify/messages/text-cleaning.ts'

describe('one line', () => {
  test.each([
    ['breaks and tabs become one space', 'a\r\n\tb\u2028c\u0085d', 'a b c d'],
    ['control characters vanish', 'a\0b\u001b[31mc\u009b', 'ab[31mc'],
    ['so does what reorders text', '\u202Eabc\u2066\u2069', 'abc'],
    ['spaces around it too', '  a b \n', 'a b'],
    ['half a surrogate pair becomes a replacement', 'a\uD800b', 'a\uFFFDb'],
    ['other languages stay', '告警：支付服务不可用', '告警：支付服务不可用'],
  ])('%s', (_name, text, expected) => {
    expect(oneLine(text, 100)).toBe(expected)
  })

  test('is cut between characters as people count them', () => {
    expect(oneLine('abcd', 4)).toBe('abcd')
    expect(oneLine('abcde', 4)).toBe('abc…')
    const family = '\u{1F468}\u200D\u{1F469}\u200D\u{1F467}'
    expect(oneLine(family.repeat(5), 3)).toBe(`${family}${family}…`)
    expect(oneLine('e\u0301'.repeat(3), 2)).toBe('e\u0301…')
  })

  test('is never longer than asked for, and cleaning it again changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 20 }), (text, charactersMax) => {
        const line = oneLine(text, charactersMax)
        expect([...new Intl.Segmenter('und').segment(line)].length).toBeLessThanOrEqual(charactersMax)
        expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u)
        expect(oneLine(line, charactersMax + 1)).toBe(line)
      }),
    )
  })
})

test('escaped text holds no markup and reads back as it was', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const escaped = escapeHtml(text)
      expect(escaped).not.toMatch(/[<>"']|&(?!(amp|lt|gt|quot|#39);)/)
      const back = escaped.replace(/&(amp|lt|gt|quot|#39);/g, (_all, name: string) => entities[name] ?? '')
      expect(back).toBe(text)
    }),
  )
})

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type MailText, mailText } from '../../../src/notify/messages/mail-text.ts'
import { languages } from '../../../src/notify/messages/words.ts'
import { notification, reference } from '../world.ts'
import { goldenTests } from './golden-cases.ts'

// Of very many alerts the begin and the end tell what the middle is like.
function shortened(text: string): string {
  const lines = text.split('\n')
  return lines.length <= 100
    ? text
    : [...lines.slice(0, 20), `... ${lines.length} lines ...`, ...lines.slice(-20)].join('\n')
}

goldenTests('mail.txt', (message, now) => {
  const { subject, text } = mailText(message, now, languages.en)
  return `Subject: ${subject}\n\n${shortened(text)}`
})
goldenTests('mail.html', (message, now) => shortened(mailText(message, now, languages.en).html))

const receiver = { name: 'mail', webhook: { urlFrom: reference('keys', 'url') } }

function render(hostile: string): MailText {
  const labels = new Map(['alertname', 'namespace', 'severity', 'target'].map((name) => [name, hostile]))
  const annotations = new Map(['summary', 'description', 'reason'].map((name) => [name, hostile]))
  const policy = { uid: 'u', namespace: hostile, name: hostile }
  const alerts = [{ status: 'firing' as const, labels, annotations, startsAt: 0, fingerprint: 'f' }]
  const message = notification({ ...receiver, name: hostile || 'mail' }, { policy, alerts })
  return mailText(message, 0, languages.en)
}

const hostileText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        '\r\n',
        '\n',
        '\u2028',
        '\u0085',
        '\u202e',
        '<',
        '>',
        '&',
        '"',
        "'",
        ': ',
        'x',
        '\0',
        '\u{1F469}\u200D\u{1F469}',
      ),
    )
    .map((parts) => parts.join('')),
)

test('no value begins a line, makes a header or leaves its place in the markup', () => {
  const linesOf = (text: string) => text.split(/[\n\r\v\f\u0085\u2028\u2029]/).length
  // A value may be shown or, when nothing is left of it, not; so lines are compared with those of values of letters.
  const plainTags = render('x').html.match(/<[^>]*>/g)
  fc.assert(
    fc.property(hostileText, (hostile) => {
      const { subject, text, html } = render(`x${hostile}`)
      expect(subject).not.toMatch(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u)
      expect(linesOf(text)).toBe(linesOf(render('x').text))
      for (const line of text.trim().split('\n')) {
        expect(line).toMatch(/^(\[FIRING:1\] |FIRING |[a-z]+: |sent by Roundsman |$)/)
      }
      expect(html.match(/<[^>]*>/g)).toEqual(plainTags)
    }),
  )
})

test('a value of a megabyte is cut, and quickly', () => {
  const { text, html } = render('<&"'.repeat(350_000))
  expect(text.length).toBeLessThan(10_000)
  expect(html.length).toBeLessThan(50_000)
})

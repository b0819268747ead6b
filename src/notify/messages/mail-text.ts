// The two bodies of a mail, plain and HTML, from one list of blocks: what a reader sees does not depend on the mail program.
import type { Instant } from '../../domain/clock.ts'
import type { Alert, Notification } from '../../evaluate/ports.ts'
import { type AlertLine, alertLines } from './alert-lines.ts'
import { escapeHtml, oneLine } from './text-cleaning.ts'
import { printPolicy, severityOf, titleOf } from './title.ts'
import type { Words } from './words.ts'

export type MailText = { readonly subject: string; readonly text: string; readonly html: string }

/** More make a mail that nobody reads and some servers refuse. */
const alertsMax = 100

/** Colour is never the only sign: the words stand beside it. */
const colours = {
  critical: '#b42318',
  warning: '#b54708',
  info: '#175cd3',
  debug: '#475467',
  resolved: '#067647',
}

export function mailText(notification: Notification, now: Instant, words: Words): MailText {
  const subject = titleOf(notification, words)
  const shown = notification.alerts.slice(0, alertsMax)
  const left = notification.alerts.length - shown.length
  const notes = [
    ...(notification.mayBeRepeat ? [words.mayBeRepeat] : []),
    ...(notification.repeat > 0 ? [words.repeat(notification.repeat)] : []),
  ]
  const blocks = shown.map((alert) => ({
    alert,
    heading: headingOf(alert, words),
    lines: alertLines(alert, now, words),
  }))
  const tail = [
    ...(left > 0 ? [words.more(left)] : []),
    words.sender(printPolicy(notification), oneLine(notification.receiver.name, 256)),
  ]
  return {
    subject,
    text: plainText(subject, notes, blocks, tail),
    html: htmlText(subject, notes, blocks, tail),
  }
}

type Block = { readonly alert: Alert; readonly heading: string; readonly lines: readonly AlertLine[] }

function headingOf(alert: Alert, words: Words): string {
  const state = alert.status === 'firing' ? words.firing : words.resolved
  return `${state} ${oneLine(alert.labels.get('alertname') ?? '', 256)}`.trim()
}

function plainText(
  subject: string,
  notes: readonly string[],
  blocks: readonly Block[],
  tail: readonly string[],
): string {
  const paragraphs = [
    [subject, ...notes],
    ...blocks.map(({ heading, lines }) => [heading, ...lines.map(({ name, value }) => `${name}: ${value}`)]),
    tail,
  ]
  return `${paragraphs.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function htmlText(
  subject: string,
  notes: readonly string[],
  blocks: readonly Block[],
  tail: readonly string[],
): string {
  const paragraphs = (texts: readonly string[]) => texts.map((text) => `<p>${escapeHtml(text)}</p>`)
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"></head><body style="font-family:sans-serif">',
    `<h2>${escapeHtml(subject)}</h2>`,
    ...paragraphs(notes),
    ...blocks.flatMap(htmlBlock),
    ...paragraphs(tail),
    '</body></html>',
    '',
  ].join('\n')
}

function htmlBlock({ alert, heading, lines }: Block): readonly string[] {
  const colour = alert.status === 'resolved' ? colours.resolved : colours[severityOf(alert) ?? 'info']
  return [
    `<h3 style="color:${colour}">${escapeHtml(heading)}</h3>`,
    '<table>',
    ...lines.map(
      ({ name, value }) => `<tr><th align="left">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
    ),
    '</table>',
  ]
}

// One alert as lines of `name: value`. A value never begins a line, and is cleaned here once for every channel.

import type { Instant } from '../../domain/clock.ts'
import { printDuration } from '../../domain/duration.ts'
import type { Alert } from '../../evaluate/ports.ts'
import { oneLine } from './text-cleaning.ts'
import { severityOf } from './title.ts'
import { type Field, fields, type Words } from './words.ts'

export type AlertLine = { readonly field: Field; readonly name: string; readonly value: string }

const labelMax = 256
const annotationMax = 1_024

/** In the order of `fields`; what is not known of the alert has no line. `now` tells how long it has been firing. */
export function alertLines(alert: Alert, now: Instant, words: Words): readonly AlertLine[] {
  return fields.flatMap((field) => {
    const value = read[field](alert, now, words)
    return value === '' ? [] : [{ field, name: words.fields[field], value }]
  })
}

const read: Readonly<Record<Field, (alert: Alert, now: Instant, words: Words) => string>> = {
  severity: (alert, _now, words) => {
    const severity = severityOf(alert)
    return severity === undefined
      ? oneLine(alert.labels.get('severity') ?? '', labelMax)
      : words.severity[severity]
  },
  target: ({ labels }) => {
    const target = [labels.get('namespace'), labels.get('target')].filter((part) => part !== undefined)
    return oneLine(target.join('/'), labelMax)
  },
  summary: annotation('summary'),
  description: annotation('description'),
  reason: annotation('reason'),
  since: ({ startsAt, endsAt }, now, words) =>
    endsAt === undefined
      ? `${printInstant(startsAt)} (${words.forDuration(printLength(now - startsAt))})`
      : printInstant(startsAt),
  ended: ({ startsAt, endsAt }, _now, words) =>
    endsAt === undefined
      ? ''
      : `${printInstant(endsAt)} (${words.afterDuration(printLength(endsAt - startsAt))})`,
}

function annotation(name: string) {
  return ({ annotations }: Alert) => oneLine(annotations.get(name) ?? '', annotationMax)
}

/** `2026-03-01 09:00:00 +00:00`: with the offset, so that nobody has to know the sender's zone. */
function printInstant(instant: Instant): string {
  return `${new Date(instant).toISOString().slice(0, 19).replace('T', ' ')} +00:00`
}

/** Whole seconds; a clock that was set back gives no negative length. */
function printLength(ms: number): string {
  return printDuration(Math.max(0, Math.round(ms / 1000) * 1000))
}

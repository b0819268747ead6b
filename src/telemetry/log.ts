// The log: JSON lines for machines, plain lines for a person at a terminal. Writes nowhere by itself: the caller gives `write`.
import { pino } from 'pino'
import type { Instant } from '../domain/clock.ts'
import type { Log, LogFields } from '../domain/log.ts'
import { loggable, loggableText } from './redaction.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export type LogOptions = {
  readonly level: LogLevel // The least important one that is written.
  readonly now: () => Instant
  readonly write: (line: string) => void // Takes whole lines, with their line feed.
}

/** One JSON object a line: `level`, `time` (ISO 8601), `message`, then the fields. A field may not replace those three. */
export function createJsonLog({ level, now, write }: LogOptions): Log {
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  )
  const line = (at: LogLevel) => (message: string, fields?: LogFields) =>
    logger[at](own(fields), loggableText(message))
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
}

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }
const marks: Readonly<Record<LogLevel, string>> = {
  debug: '  debug',
  info: '► info ',
  warn: '⚠ warn ',
  error: '✗ error',
}

/** `15:04:05 ⚠ warn  message key=value`, the time in UTC. */
export function createPlainLog({ level, now, write }: LogOptions): Log {
  const line = (at: LogLevel) => (message: string, fields?: LogFields) => {
    if (ranks[at] < ranks[level]) return
    const time = new Date(now()).toISOString().slice(11, 19)
    write(`${[time, marks[at], loggableText(message), ...fieldTexts(fields)].join(' ')}\n`)
  }
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
}

const reserved = new Set(['level', 'time', 'message'])

function own(fields: LogFields | undefined): Record<string, unknown> {
  const safe = loggable(fields ?? {}) as Record<string, unknown>
  return Object.fromEntries(
    Object.entries(safe).map(([name, value]) => [reserved.has(name) ? `${name}_` : name, value]),
  )
}

function fieldTexts(fields: LogFields | undefined): string[] {
  return Object.entries(loggable(fields ?? {}) as Record<string, unknown>)
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) =>
        `${name}=${typeof value === 'string' && !/[\s"=]/.test(value) ? value : JSON.stringify(value)}`,
    )
}

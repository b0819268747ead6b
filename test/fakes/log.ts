// A log that keeps what it is told, for tests that look at it and for those that do not.
import type { Log, LogFields } from '../../src/domain/log.ts'

export type LogLine = { readonly level: keyof Log; readonly message: string; readonly fields?: LogFields }

export class FakeLog implements Log {
  readonly lines: LogLine[] = []

  debug(message: string, fields?: LogFields): void {
    this.#add('debug', message, fields)
  }

  info(message: string, fields?: LogFields): void {
    this.#add('info', message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    this.#add('warn', message, fields)
  }

  error(message: string, fields?: LogFields): void {
    this.#add('error', message, fields)
  }

  #add(level: keyof Log, message: string, fields: LogFields | undefined): void {
    this.lines.push({ level, message, ...(fields === undefined ? {} : { fields }) })
  }
}

// The log as an argument: a type only. Messages are constant text; what varies goes into the fields.

export type LogFields = Readonly<Record<string, unknown>>

export type Log = {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

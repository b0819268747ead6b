// The last guard before a value is logged: no control characters, no credentials in URLs or under telling names, bounded size.
// It is not what keeps secrets out (their own type does that); it catches what a library put into a message (reliability T20, T24).

const redacted = '[redacted]'
const textMax = 2_048
const listMax = 100
const depthMax = 6

// Names of fields that hold a credential wherever they appear. `secret` is not one: it is the name of a Secret.
const credentialNames = new Set([
  'authorization',
  'bearer',
  'cookie',
  'password',
  'proxyauthorization',
  'setcookie',
  'token',
  'xapikey',
])

/** A copy of `value` that may be logged: plain data, at most 6 levels deep, texts of at most 2,048 characters. Never throws. */
export function loggable(value: unknown): unknown {
  try {
    return plain(value, 0)
  } catch {
    return '[unreadable]' // A getter or toJSON of a foreign object threw; the log line must not.
  }
}

/** One line of text: control characters become spaces, URLs lose their credentials, the rest is cut. */
export function loggableText(text: string): string {
  const line = withoutUrlCredentials(text.replace(/\p{Cc}+/gu, ' '))
  return line.length <= textMax ? line : `${line.slice(0, textMax)}…`
}

/** Removes user name, password and query from every URL in a text; scheme, host and path stay. */
export function withoutUrlCredentials(text: string): string {
  return text.replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>`]+/gi, (found) => {
    const [, scheme = '', authority = '', rest = ''] = /^([^:]+:\/\/)([^/?#]*)(.*)$/s.exec(found) ?? []
    const host = authority.slice(authority.lastIndexOf('@') + 1)
    const query = rest.search(/[?#]/)
    return scheme + host + (query === -1 ? rest : `${rest.slice(0, query)}?${redacted}`)
  })
}

function plain(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return loggableText(value)
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value)
  if (typeof value === 'function') return undefined
  if (typeof value !== 'object' || value === null) return value
  if (depth >= depthMax) return '[too deep]'
  if (value instanceof Error) return plainError(value, depth)
  if ('toJSON' in value && typeof value.toJSON === 'function') return plain(value.toJSON(), depth + 1)
  if (value instanceof Map) return plainFields(value, depth)
  if (Array.isArray(value) || value instanceof Set) return plainList([...value], depth)
  return plainFields(Object.entries(value), depth)
}

function plainList(items: readonly unknown[], depth: number): unknown[] {
  const kept = items.slice(0, listMax).map((item) => plain(item, depth + 1))
  return items.length <= listMax ? kept : [...kept, `and ${items.length - listMax} more`]
}

function plainFields(fields: Iterable<readonly [unknown, unknown]>, depth: number): Record<string, unknown> {
  const copy: Record<string, unknown> = Object.create(null)
  let count = 0
  for (const [name, value] of fields) {
    if (++count > listMax) break
    copy[loggableText(String(name))] = isCredential(String(name)) ? redacted : plain(value, depth + 1)
  }
  return copy
}

function isCredential(name: string): boolean {
  return credentialNames.has(name.replaceAll(/[-_]/g, '').toLowerCase())
}

/** Errors keep their stack: a log line is the one place where a defect may show where it broke. */
function plainError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause } = error
  const code = 'code' in error ? error.code : undefined
  return plainFields(
    Object.entries({ name, code, message, stack, cause }).filter(([, value]) => value !== undefined),
    depth,
  )
}

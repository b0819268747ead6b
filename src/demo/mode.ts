// How the sample service behaves, and the words for it.

export const modes = {
  ok: 'answers at once with 200',
  slow: 'answers with 200, but late',
  fail: 'answers at once with 503',
  silent: 'takes the connection and says nothing',
} as const

export type Mode = keyof typeof modes

export function isMode(text: unknown): text is Mode {
  return typeof text === 'string' && Object.hasOwn(modes, text)
}

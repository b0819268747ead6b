// How a command speaks: data on stdout, narration on stderr, a glyph and a word before each sentence, colour only where it is wanted.
import { relative } from 'node:path'

export type Terminal = {
  /** Data, on stdout. */
  out(text: string): void
  /** Narration, on stderr. */
  say(text: string): void
  readonly isColour: boolean // Of the data: stdout is a terminal, and nothing speaks against colour.
  readonly folder: string // Where the command was called; paths are shown from there.
}

/** 0: good. 1: the answer is bad news. 2: wrong usage. */
export type ExitCode = 0 | 1 | 2

const marks = {
  doing: '► doing',
  waiting: '◎ waiting',
  done: '✔ done',
  failed: '✗ failed',
  careful: '⚠ careful',
} as const

export function narrate(terminal: Pick<Terminal, 'say'>, mark: keyof typeof marks, sentence: string): void {
  terminal.say(`${marks[mark]}: ${sentence}\n`)
}

/** `3 targets`, `1 target`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`
}

/** Without control characters: what a target or a file says must not move the cursor. */
export function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ')
}

/** A path as the caller would write it: from his folder if it lies below, else absolute. */
export function shownPath(path: string, folder: string): string {
  const below = relative(folder, path)
  return path === '-' || below === '' || below.startsWith('..') ? path : below
}

const colours = { red: 31, green: 32, yellow: 33, dim: 2 } as const
export type Colour = keyof typeof colours

export function coloured(text: string, colour: Colour, isColour: boolean): string {
  return isColour ? `\u001b[${colours[colour]}m${text}\u001b[0m` : text
}

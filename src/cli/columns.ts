// Text in columns. The last column takes what is left of the width, and is cut there.
import { stripVTControlCharacters } from 'node:util'

/** Lines without trailing spaces; the first is the heading. `width` cuts each line, colours do not count. */
export function columns(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  width?: number,
): string[] {
  const lines = [heading, ...rows]
  const widths = heading.map((_, index) => Math.max(...lines.map((line) => widthOf(line[index] ?? ''))))
  return lines.map((line) => {
    const text = line.map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - widthOf(cell))).join('  ')
    return cut(text.trimEnd(), width)
  })
}

/** As many cells as a terminal uses: ideographs and full-width forms take two. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of stripVTControlCharacters(text)) width += isWide(character) ? 2 : 1
  return width
}

function isWide(character: string): boolean {
  return /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff00-\uff60]/u.test(
    character,
  )
}

/** A cut line ends in an ellipsis, and in the end of any colour it began. */
export function cut(text: string, width: number | undefined): string {
  if (width === undefined || widthOf(text) <= width) return text
  let used = 0
  let kept = ''
  for (const [part] of text.matchAll(/\p{Cc}\[[0-9;]*m|./gsu)) {
    const needed = widthOf(part)
    if (used + needed > width - 1) break
    used += needed
    kept += part
  }
  return `${kept}…${text.includes('\u001b[') ? '\u001b[0m' : ''}`
}

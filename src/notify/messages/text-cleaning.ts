// Makes text from outside harmless for a line of a message: every label, annotation and reply is hostile (notifying.md section 5.2).

// Bidirectional overrides and isolates reorder what a reader sees.
const reordering = /[\u202A-\u202E\u2066-\u2069]/gu
const lineBreaking = /[\t\n\v\f\r\u0085\u2028\u2029]+/gu
const control = /\p{Cc}/gu

/** One line of at most `charactersMax` user-perceived characters: breaks and tabs become a space, control characters vanish. */
export function oneLine(text: string, charactersMax: number): string {
  // Cut roughly first: segmenting megabytes would hold the event loop.
  const rough = text.slice(0, charactersMax * 16).toWellFormed()
  const line = rough.replace(lineBreaking, ' ').replace(control, '').replace(reordering, '').trim()
  const characters = [...new Intl.Segmenter('und').segment(line)]
  if (characters.length <= charactersMax) return line
  return `${characters
    .slice(0, charactersMax - 1)
    .map(({ segment }) => segment)
    .join('')}…`
}

/** For text nodes and quoted attributes of HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => htmlEntities.get(character) ?? character)
}

const htmlEntities: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
])

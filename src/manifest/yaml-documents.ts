// The values of a YAML or JSON text, each with its place. Bounded in bytes, depth and aliases: a file may come from anywhere.
import { constructFromEvents, EVENT_ID, type Event, parseEvents, YAMLException } from 'js-yaml'
import { lineCounter, offsetAt, type Path, type Position, positionOf } from './positions.ts'
import { kubectlSchema } from './scalars.ts'

export type YamlDocument = {
  readonly value: unknown // null for an empty document.
  readonly line: number // Of its first value; from 1.
  /** Line of the value at this path, or of the nearest thing around it that stands in the text. */
  lineOf(path: Path): number
}

type YamlProblem = { readonly line: number; readonly message: string }

export type YamlText = {
  readonly documents: readonly YamlDocument[]
  readonly problems: readonly YamlProblem[]
}

export const bytesMax = 8 * 1024 * 1024
const depthMax = 64
/** With all aliases written out. */
const valuesMax = 1_000_000
const aliasesMax = 10_000

/** A text that cannot be read at all gives one problem; a document that cannot, spoils no other. */
export function yamlDocuments(text: string): YamlText {
  const bytes = Buffer.byteLength(text)
  if (bytes > bytesMax) {
    return failed(1, `has ${bytes} bytes, and ${bytesMax} are the most that is read; split it`)
  }
  try {
    const lineAt = lineCounter(text)
    const read = documentEvents(parseEvents(text, { maxDepth: depthMax })).map((events) =>
      documentOf(events, text, lineAt),
    )
    return {
      documents: read.filter((document) => 'value' in document),
      problems: read.filter((document) => 'message' in document),
    }
  } catch (error) {
    return failedBy(error)
  }
}

function documentOf(
  events: readonly Event[],
  source: string,
  lineAt: (offset: number) => number,
): YamlDocument | YamlProblem {
  const position = positionOf(events.slice(1, -1), source)
  const line = lineAt(position.offset)
  if (position.size > valuesMax) return { line, message: tooManyValues(position) }
  try {
    const [value] = constructFromEvents([...events], {
      source,
      schema: kubectlSchema,
      maxAliases: aliasesMax,
    })
    return { value, line, lineOf: (path) => lineAt(offsetAt(position, path)) }
  } catch (error) {
    return failedBy(error).problems[0] ?? { line, message: 'cannot be read' }
  }
}

/** The events of each document, its own two around them. */
function documentEvents(events: readonly Event[]): readonly (readonly Event[])[] {
  const starts = events.flatMap(({ type }, index) => (type === EVENT_ID.DOCUMENT ? [index] : []))
  return starts.map((start, index) => events.slice(start, starts[index + 1]))
}

function tooManyValues({ size }: Position): string {
  return size === Number.POSITIVE_INFINITY
    ? 'an alias stands inside the value it names, which would have no end'
    : `its aliases make ${size} values, and ${valuesMax} are the most that is read`
}

/** YAML's own sentence says what was found; it is shown, never decided on. */
function failedBy(error: unknown): YamlText {
  if (!(error instanceof YAMLException)) throw error
  return failed((error.mark?.line ?? 0) + 1, `cannot be read as YAML: ${error.reason}`)
}

function failed(line: number, message: string): YamlText {
  return { documents: [], problems: [{ line, message }] }
}

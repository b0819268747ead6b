// How our silences are found again in an Alertmanager that kept nothing of us but them: by a marker in the comment, and in the
// annotations where Alertmanager has them (0.32). Nothing else is ever touched, not even with a copied marker.
import type { RemoteSilence } from './remote-silence.ts'

export type SilenceMarker = {
  readonly clusterId: string
  readonly uid: string // Of the Silence.
  readonly occurrence: string // Which of its windows; `once` where it has but one, so that a moved start stays the same silence.
}

/** What a silence in Alertmanager says about where it comes from. */
export type SilenceTag = SilenceMarker & {
  /** Of the spec that it was written for: a silence that a person ended is made again only for another one. */
  readonly revision: string
}

export const silenceAuthor = 'roundsman'
export const onlyOccurrence = 'once'

/** The tag is at the end; where the text itself holds the beginning of one, that beginning is broken. */
export function taggedComment(text: string, tag: SilenceTag): string {
  return `${text.replaceAll(tagStart, '(roundsman ')} ${tagStart}${printTag(tag)}]`
}

export function tagAnnotations(tag: SilenceTag): Readonly<Record<string, string>> {
  return { [annotation]: printTag(tag) }
}

/** Undefined for a silence of anybody else. The comment counts first: an edit in Alertmanager's page drops annotations. */
export function tagOf(
  silence: Pick<RemoteSilence, 'createdBy' | 'comment' | 'annotations'>,
): SilenceTag | undefined {
  if (silence.createdBy !== silenceAuthor) return undefined
  const inComment = /\[roundsman ([^\s\]]+)\]$/.exec(silence.comment)?.[1]
  return parseTag(inComment) ?? parseTag(silence.annotations[annotation])
}

const annotation = 'roundsman_silence'
const tagStart = '[roundsman '

/** Injective: each part is encoded, so none can hold the separator, a space or a bracket. */
function printTag({ clusterId, uid, occurrence, revision }: SilenceTag): string {
  return [clusterId, uid, occurrence, revision].map(encodeURIComponent).join('/')
}

function parseTag(text: string | undefined): SilenceTag | undefined {
  const parts = text?.split('/').map(decodePart) ?? []
  const [clusterId, uid, occurrence, revision] = parts
  if (parts.length !== 4 || clusterId === undefined || uid === undefined) return undefined
  return occurrence === undefined || revision === undefined
    ? undefined
    : { clusterId, uid, occurrence, revision }
}

/** Undefined for what we cannot have written. */
function decodePart(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}

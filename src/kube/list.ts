// One complete list of a kind, page by page. Whatever fails on whichever page, there is no list: a partial one would make objects
// vanish (kube:R3).
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { KindName } from '../domain/kinds.ts'
import type { KubeObject } from '../domain/kube-object.ts'
import type { Result } from './answer-body.ts'
import { malformed, type Question } from './failure.ts'
import { collectionPath, resourceName } from './paths.ts'
import type { Call, Transport } from './transport.ts'
import type { ListFrom } from './watch-end.ts'

/** Which objects: of a kind, in one namespace or all, all or those a selector takes. */
export type Selection = {
  readonly kind: KindName
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly metadataOnly?: boolean // Objects then carry nothing but their metadata.
}

export type CompleteList = { readonly objects: readonly KubeObject[]; readonly resourceVersion: string }

const pageSize = 500
// From its cache the API server answers a whole list whatever the limit: 100,000 objects of 2.5 kB.
const pageBytesMax = 256 * 1024 * 1024

/** `version` is the last one seen; it counts for `from: 'notOlder'` only. `keep` is applied to each object as soon as it is read. */
export async function listAll(
  transport: Transport,
  selection: Selection,
  how: {
    readonly from: ListFrom
    readonly version: string
    readonly signal: AbortSignal
    keep(object: KubeObject): KubeObject
  },
): Promise<Result<CompleteList>> {
  const objects: KubeObject[] = []
  let position: Readonly<Record<string, string>> = firstPage(how.from, how.version)
  for (;;) {
    const call = pageCall(selection, position, how.signal)
    const answer = await transport.send(call)
    if (!answer.ok) return answer
    const page = readPage(answer.value, call.question)
    if (!page.ok) return page
    for (const object of page.value.items) objects.push(how.keep(object))
    const { resourceVersion, next } = page.value
    if (next === '') return { ok: true, value: { objects, resourceVersion } }
    position = { continue: next }
    await nextTurn() // Parsing 500 objects is enough for one turn of the loop.
  }
}

export function questionOf({ kind, namespace }: Selection, verb: string): Question {
  return { verb, resource: resourceName(kind), ...(namespace === undefined ? {} : { namespace }) }
}

export function selectorsOf({ labelSelector, fieldSelector }: Selection): Readonly<Record<string, string>> {
  return {
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  }
}

/** The media type to ask for; `list` for the answer to a list, `object` for the objects of a watch. */
export function acceptOf({ metadataOnly }: Selection, what: 'list' | 'object'): string {
  const type = what === 'list' ? 'PartialObjectMetadataList' : 'PartialObjectMetadata'
  return metadataOnly === true ? `application/json;as=${type};g=meta.k8s.io;v=v1` : 'application/json'
}

function firstPage(from: ListFrom, version: string): Readonly<Record<string, string>> {
  switch (from) {
    case 'any':
      return { resourceVersion: '0' }
    case 'notOlder':
      // Without the match a version beside a limit means "exactly that one", which is stale, or gone.
      return { resourceVersion: version, resourceVersionMatch: 'NotOlderThan' }
    case 'newest':
      return {}
    default:
      return from satisfies never
  }
}

function pageCall(
  selection: Selection,
  position: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Call {
  return {
    question: questionOf(selection, 'list'),
    method: 'GET',
    path: collectionPath(selection.kind, selection.namespace),
    query: { limit: String(pageSize), ...position, ...selectorsOf(selection) },
    accept: acceptOf(selection, 'list'),
    bytesMax: pageBytesMax,
    signal,
  }
}

type Page = { readonly items: readonly KubeObject[]; readonly resourceVersion: string; readonly next: string }

function readPage(answer: unknown, question: Question): Result<Page> {
  const { items, metadata } = (answer ?? {}) as {
    items?: unknown
    metadata?: { resourceVersion?: unknown; continue?: unknown }
  }
  const resourceVersion = metadata?.resourceVersion
  if (!Array.isArray(items) || typeof resourceVersion !== 'string' || !items.every(isObject)) {
    return { ok: false, failure: malformed(question, 'it is not a list') }
  }
  const next = typeof metadata?.continue === 'string' ? metadata.continue : ''
  return { ok: true, value: { items, resourceVersion, next } }
}

function isObject(item: unknown): item is KubeObject {
  const { metadata } = (item ?? {}) as { metadata?: { name?: unknown; uid?: unknown } }
  return typeof metadata?.name === 'string' && typeof metadata.uid === 'string'
}

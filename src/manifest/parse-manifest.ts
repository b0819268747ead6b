// From a text to the Kubernetes objects in it, each with file and line.
import type { KubeObject } from '../domain/kube-object.ts'
import type { Path } from './positions.ts'
import { withoutOpenSecrets } from './secret-values.ts'
import { type YamlDocument, yamlDocuments } from './yaml-documents.ts'

export type ManifestDocument = {
  /** The values of a Secret are already wrapped; see secret-values.ts. */
  readonly object: KubeObject
  readonly file: string
  readonly line: number // Where the object begins; from 1.
  /** Line of the field at this path of the object, or of the nearest thing around it that stands in the file. */
  lineOf(path: Path): number
}

export type ManifestProblem = { readonly file: string; readonly line: number; readonly message: string }

export type Manifests = {
  readonly documents: readonly ManifestDocument[] // In the order of the text.
  readonly problems: readonly ManifestProblem[]
}

/**
 * Kinds that Roundsman does not know pass through; a List is unfolded; empty documents are left out. What does not parse is a problem,
 * and the documents around it are still given. `file` is only a name.
 */
export function parseManifest(text: string, file: string): Manifests {
  const { documents, problems } = yamlDocuments(text)
  const found = documents.flatMap((document) => objectsIn(document, file))
  return {
    documents: found.filter((document) => 'object' in document),
    problems: [
      ...problems.map((problem) => ({ file, ...problem })),
      ...found.filter((document) => 'message' in document),
    ],
  }
}

type Place = { readonly file: string; readonly line: number; lineOf(path: Path): number }

function objectsIn(
  { value, line, lineOf }: YamlDocument,
  file: string,
): readonly (ManifestDocument | ManifestProblem)[] {
  if (value === null || value === undefined) return []
  if (!isListKind(value)) return [objectFrom(value, { file, line, lineOf })]
  return value.items.map((item, index) =>
    objectFrom(item, {
      file,
      line: lineOf(['items', index]),
      lineOf: (path) => lineOf(['items', index, ...path]),
    }),
  )
}

function objectFrom(value: unknown, place: Place): ManifestDocument | ManifestProblem {
  const { file, line, lineOf } = place
  const flaw = flawOf(value)
  if (flaw !== undefined) return { file, line: lineOf(flaw.path), message: flaw.message }
  const wrapped = withoutOpenSecrets(value as KubeObject)
  return wrapped.ok
    ? { object: wrapped.object, file, line, lineOf }
    : { file, line: lineOf(wrapped.path), message: wrapped.message }
}

/** What keeps a value from being an object at all; the API server refuses each of these before it looks at any schema. */
function flawOf(value: unknown): { path: Path; message: string } | undefined {
  if (!isMap(value))
    return { path: [], message: 'is no Kubernetes object: expected apiVersion, kind and metadata' }
  const missing = ['apiVersion', 'kind'].find((name) => typeof value[name] !== 'string' || value[name] === '')
  if (missing !== undefined) {
    return {
      path: [missing],
      message: `is no Kubernetes object: ${missing} must be a text; every object has one`,
    }
  }
  const { metadata } = value
  if (!isMap(metadata) || typeof metadata.name !== 'string' || metadata.name === '') {
    return {
      path: ['metadata', 'name'],
      message: `${value.kind} has no metadata.name; give it one, in quotes if it is a number`,
    }
  }
  if (metadata.namespace != null && typeof metadata.namespace !== 'string') {
    return {
      path: ['metadata', 'namespace'],
      message: `${value.kind} ${metadata.name}: metadata.namespace must be a text`,
    }
  }
  return flawOfTexts(metadata, 'labels') ?? flawOfTexts(metadata, 'annotations')
}

/** YAML makes a boolean of `on` and a number of `1`; labels and annotations hold texts alone. */
function flawOfTexts(
  metadata: Readonly<Record<string, unknown>>,
  field: string,
): { path: Path; message: string } | undefined {
  const texts = metadata[field]
  if (texts === undefined || texts === null) return undefined
  if (!isMap(texts)) return { path: ['metadata', field], message: `metadata.${field} must be a map of texts` }
  const [bad] = Object.entries(texts).filter(([, text]) => typeof text !== 'string')
  if (bad === undefined) return undefined
  const [name, found] = bad
  return {
    path: ['metadata', field, name],
    message: `metadata.${field} ${name} must be a text, got ${JSON.stringify(found)}; put it in quotes`,
  }
}

function isListKind(value: unknown): value is { readonly items: readonly unknown[] } {
  return (
    isMap(value) &&
    typeof value.kind === 'string' &&
    value.kind.endsWith('List') &&
    Array.isArray(value.items)
  )
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

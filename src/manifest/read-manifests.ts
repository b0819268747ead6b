// All objects among the PATHs of a command, once: files, folders to any depth, and `-` for the text of standard input.
import { readFile } from 'node:fs/promises'
import { apiVersionOf, type KindName, kinds } from '../domain/kinds.ts'
import type { KubeObject } from '../domain/kube-object.ts'
import { codeOf, findManifests } from './find-manifests.ts'
import {
  type ManifestDocument,
  type ManifestProblem,
  type Manifests,
  parseManifest,
} from './parse-manifest.ts'
import { bytesMax } from './yaml-documents.ts'

/**
 * Files are read in the order of their paths. Objects without a namespace lie in `default`. Of two objects with one kind, namespace and
 * name the first is kept, and the second is a problem that names both places. `stdin` is the text that `-` stands for.
 */
export async function readManifests(paths: readonly string[], stdin = ''): Promise<Manifests> {
  const { files, unreadable } = await findManifests(paths.filter((path) => path !== '-'))
  const texts = await Promise.all(files.map(({ path }) => manifestsOf(path)))
  return joinManifests([
    ...(paths.includes('-') ? [parseManifest(stdin, '-')] : []),
    ...texts,
    { documents: [], problems: unreadable.map(({ path, code }) => unreadableFile(path, code)) },
  ])
}

/** What several texts hold together. */
export function joinManifests(parts: readonly Manifests[]): Manifests {
  const problems = parts.flatMap((part) => part.problems)
  const first = new Map<string, ManifestDocument>()
  for (const document of parts.flatMap((part) => part.documents).map(inNamespace)) {
    const identity = identityOf(document.object)
    const known = first.get(identity)
    if (known === undefined) first.set(identity, document)
    else problems.push(declaredTwice(document, known))
  }
  return { documents: [...first.values()], problems }
}

/** The namespace an object lies in; '' for a kind that has none. Kinds that Roundsman does not know are left as they are. */
function inNamespace(document: ManifestDocument): ManifestDocument {
  const { object } = document
  const isNamespaced = isKnown(object) && kinds[object.kind].namespaced
  if (!isNamespaced || object.metadata.namespace) return document
  return { ...document, object: { ...object, metadata: { ...object.metadata, namespace: 'default' } } }
}

function isKnown(object: KubeObject): object is KubeObject & { readonly kind: KindName } {
  return Object.hasOwn(kinds, object.kind) && apiVersionOf(object.kind as KindName) === object.apiVersion
}

/** Without the version: `v1` and `v1beta1` of one group are the same object. */
function identityOf({ apiVersion, kind, metadata }: KubeObject): string {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  return JSON.stringify([group, kind, metadata.namespace ?? '', metadata.name])
}

function declaredTwice({ object, file, line }: ManifestDocument, first: ManifestDocument): ManifestProblem {
  const { name, namespace } = object.metadata
  const named = `${object.kind} ${namespace ? `${namespace}/` : ''}${name}`
  return {
    file,
    line,
    message: `${named} is declared at ${first.file}:${first.line} already; remove or rename one of them`,
  }
}

async function manifestsOf(path: string): Promise<Manifests> {
  try {
    return parseManifest(await readFile(path, 'utf8'), path)
  } catch (error) {
    return { documents: [], problems: [unreadableFile(path, codeOf(error))] }
  }
}

/** Why nothing could be read at a path, in words where the code of the system is no help. */
export function unreadableFile(file: string, code: string): ManifestProblem {
  return { file, line: 1, message: unreadableReasons[code] ?? `cannot be read: ${code}` }
}

const unreadableReasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'must not be read by this user',
  EFBIG: `is larger than the ${bytesMax} bytes that are read; split it`,
}

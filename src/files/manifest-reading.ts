// All manifests as they stand in the files now: read again only where something changed, and only what may be held of them.
import { readFile, stat } from 'node:fs/promises'
import { sep } from 'node:path'
import { apiVersionOf, type KindName, kinds } from '../domain/kinds.ts'
import { type KubeObject, keyOf, type ObjectKey, refOfObject } from '../domain/kube-object.ts'
import {
  codeOf,
  type Found,
  type FoundFile,
  findManifests,
  fingerprintOf,
} from '../manifest/find-manifests.ts'
import { type ManifestProblem, type Manifests, parseManifest } from '../manifest/parse-manifest.ts'
import { joinManifests, unreadableFile } from '../manifest/read-manifests.ts'
import { type SecretLookup, secretsAmong } from '../manifest/references.ts'
import type { Seen } from './object-record.ts'

export type ManifestScan = {
  readonly seen: ReadonlyMap<ObjectKey, Seen>
  readonly secrets: SecretLookup
  /** Every Secret by `<namespace>/<name>`: another value than before means that its file was read again. */
  readonly secretObjects: ReadonlyMap<string, KubeObject>
  readonly problems: readonly ManifestProblem[]
  readonly folders: readonly string[] // In which a change may mean other manifests.
  /** Whether a file could not be read in full, so that absence from it proves nothing. */
  isUnknown(file: string): boolean
}

type FileContent = Manifests & { readonly fingerprint: string }

export class ManifestReading {
  readonly #paths: readonly string[]
  readonly #contents = new Map<string, FileContent>()
  #lastFound = ''

  constructor(paths: readonly string[]) {
    this.#paths = paths
  }

  /** The scan given when nothing has changed since. */
  async read(before: ManifestScan | undefined): Promise<ManifestScan> {
    const found = await findManifests(this.#paths)
    const text = JSON.stringify(found)
    if (before !== undefined && text === this.#lastFound) return before
    this.#lastFound = text
    const present = new Set(found.files.map(({ path }) => path))
    for (const path of this.#contents.keys()) if (!present.has(path)) this.#contents.delete(path)
    for (const file of found.files) {
      if (this.#contents.get(file.path)?.fingerprint !== file.fingerprint) await this.#readFile(file)
    }
    return scanOf(found, this.#contents)
  }

  async #readFile({ path, fingerprint }: FoundFile): Promise<void> {
    const content = await contentOf(path, fingerprint)
    if (content.fingerprint === '') this.#lastFound = '' // Looked at again next time, even if nothing else changes.
    this.#contents.set(path, withLastGoodSecrets(content, this.#contents.get(path)))
  }
}

/** Without a fingerprint when the file could not be read as one whole. */
async function contentOf(path: string, fingerprint: string): Promise<FileContent> {
  try {
    const text = await readFile(path, 'utf8')
    const isWhole = fingerprintOf(await stat(path)) === fingerprint
    if (isWhole) return { fingerprint, ...parseManifest(text, path) }
    return unread(path, 'is being written at this moment')
  } catch (error) {
    return unread(path, `cannot be read: ${codeOf(error)}`)
  }
}

/** A file that is broken loses no Secret: other objects are remembered by their records, but a Secret has none. */
function withLastGoodSecrets(content: FileContent, former: FileContent | undefined): FileContent {
  if (content.problems.length === 0 || former === undefined) return content
  const names = new Set(content.documents.map(({ object }) => secretEntry(object)[0]?.[0]))
  const kept = former.documents.filter(({ object }) => {
    const [entry] = secretEntry(object)
    return entry !== undefined && !names.has(entry[0])
  })
  return { ...content, documents: [...content.documents, ...kept] }
}

function unread(file: string, message: string): FileContent {
  return { fingerprint: '', documents: [], problems: [{ file, line: 1, message }] }
}

function scanOf(found: Found, contents: ReadonlyMap<string, FileContent>): ManifestScan {
  const parts = found.files.flatMap(({ path }) => contents.get(path) ?? [])
  const { documents, problems: among } = joinManifests(parts)
  const problems = [...found.unreadable.map(unreadablePath), ...among]
  const seen = new Map<ObjectKey, Seen>()
  for (const { object, file, line } of documents) {
    const flaw = flawOf(object)
    if (flaw !== undefined) problems.push({ file, line, message: flaw })
    else if (isHeld(object)) seen.set(keyOf(refOfObject(object)), { file, line, manifest: object })
  }
  const unknown = [...found.unreadable.map(({ path }) => path), ...parts.flatMap(brokenFile)]
  return {
    seen,
    secrets: secretsAmong(documents),
    secretObjects: new Map(documents.flatMap(({ object }) => secretEntry(object))),
    problems,
    folders: found.folders,
    isUnknown: (file) => unknown.some((path) => file === path || file.startsWith(path + sep)),
  }
}

function secretEntry(object: KubeObject): [string, KubeObject][] {
  const { namespace, name } = object.metadata
  return object.kind === 'Secret' ? [[`${namespace}/${name}`, object]] : []
}

function brokenFile({ problems }: FileContent): readonly string[] {
  return problems.slice(0, 1).map(({ file }) => file)
}

function unreadablePath({ path, code }: Found['unreadable'][number]): ManifestProblem {
  return unreadableFile(path, code)
}

/** Kinds that an object in a folder may have for us; Secrets are read by reference alone, and never passed about. */
function isHeld({ kind, apiVersion }: KubeObject): boolean {
  return kind !== 'Secret' && Object.hasOwn(kinds, kind) && apiVersionOf(kind as KindName) === apiVersion
}

const namePattern = /^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/

/** What an API server would refuse at the door, and what would lead out of the data folder. The spec is judged where it is used. */
function flawOf({ kind, apiVersion, metadata }: KubeObject): string | undefined {
  if (!Object.hasOwn(kinds, kind)) return undefined
  const wanted = apiVersionOf(kind as KindName)
  if (apiVersion !== wanted) {
    const isOurs = apiVersion.startsWith('roundsman.dev/') // Another group may have a kind of the same name.
    return isOurs ? `${kind} ${metadata.name}: apiVersion is ${apiVersion}; write ${wanted}` : undefined
  }
  if (!namePattern.test(metadata.name)) return `${kind}: metadata.name is not a DNS name in lower case`
  const { namespace } = metadata
  if (namespace === undefined || namePattern.test(namespace)) return undefined
  return `${kind} ${metadata.name}: metadata.namespace is not a DNS name in lower case`
}

// All manifests as they stand in the files now: read again only where something changed, checked for what no folder may hold twice.
import { readFile, stat } from 'node:fs/promises'
import { sep } from 'node:path'
import { apiVersionOf, type KindName, kinds } from '../domain/kinds.ts'
import { type KubeObject, keyOf, type ObjectKey, refOfObject } from '../domain/kube-object.ts'
import type { Secret } from '../domain/secret.ts'
import { codeOf, type Found, type FoundFile, findManifests, fingerprintOf } from './manifest-paths.ts'
import type { Seen } from './object-record.ts'
import { secretValues } from './secret-values.ts'

/** What is wrong with the manifests at this moment, for people. */
export type ManifestProblem = { readonly file: string; readonly line?: number; readonly message: string }

export type ManifestScan = {
  readonly seen: ReadonlyMap<ObjectKey, Seen>
  /** By `<namespace>/<name>`, then by key. */
  readonly secrets: ReadonlyMap<string, ReadonlyMap<string, Secret>>
  readonly problems: readonly ManifestProblem[]
  readonly folders: readonly string[]
  /** Whether a file could not be read in full, so that absence from it proves nothing. */
  isUnknown(file: string): boolean
}

/** Reads the documents of one text; lines count from 1. What does not parse is a problem, the documents around it are still given. */
export type ParseManifests = (
  text: string,
  file: string,
) => {
  readonly documents: readonly { readonly object: KubeObject; readonly line: number }[]
  readonly problems: readonly ManifestProblem[]
}

type FileContent = ReturnType<ParseManifests> & { readonly fingerprint: string }

const bytesMax = 8 * 1024 * 1024

export class ManifestReading {
  readonly #paths: readonly string[]
  readonly #parse: ParseManifests
  readonly #contents = new Map<string, FileContent>()
  #lastFound = ''

  constructor(paths: readonly string[], parse: ParseManifests) {
    this.#paths = paths
    this.#parse = parse
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
    try {
      const text = await readText(path)
      // Somebody is writing it at this very moment: half a file must not count as a whole one.
      if (fingerprintOf(await stat(path)) !== fingerprint) throw new Error('it is being written')
      this.#contents.set(path, { fingerprint, ...this.#parse(text, path) })
    } catch (error) {
      this.#lastFound = '' // Looked at again next time, even if its fingerprint stays.
      const message = error instanceof Error && !('code' in error) ? error.message : codeOf(error)
      const problem = { file: path, message: `cannot be read: ${message}` }
      this.#contents.set(path, { fingerprint: '', documents: [], problems: [problem] })
    }
  }
}

async function readText(path: string): Promise<string> {
  const { size } = await stat(path)
  if (size > bytesMax) throw new Error(`it has ${size} bytes, and ${bytesMax} are the most that is read`)
  return readFile(path, 'utf8')
}

function scanOf(found: Found, contents: ReadonlyMap<string, FileContent>): ManifestScan {
  const seen = new Map<ObjectKey, Seen>()
  const secrets = new Map<string, ReadonlyMap<string, Secret>>()
  const unknown = new Set(found.unreadable.map(({ path }) => path))
  const problems: ManifestProblem[] = found.unreadable.map(({ path, code }) => ({
    file: path,
    message: `cannot be read: ${code}`,
  }))
  for (const { path: file } of found.files) {
    const content = contents.get(file)
    problems.push(...(content?.problems ?? []))
    if (content === undefined || content.problems.length > 0) unknown.add(file)
    for (const { object, line } of content?.documents ?? []) {
      const problem = take(object, { file, line }, seen, secrets)
      if (problem !== undefined) problems.push({ file, line, message: problem })
    }
  }
  const isUnknown = (file: string) =>
    unknown.has(file) || [...unknown].some((path) => file.startsWith(path + sep))
  return { seen, secrets, problems, folders: found.folders, isUnknown }
}

const namePattern = /^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/

/** Answers what is wrong, or nothing when the object was taken or is none of our business. */
function take(
  object: KubeObject,
  place: { readonly file: string; readonly line: number },
  seen: Map<ObjectKey, Seen>,
  secrets: Map<string, ReadonlyMap<string, Secret>>,
): string | undefined {
  if (!Object.hasOwn(kinds, object.kind)) return undefined
  const manifest = withNamespace(object)
  const { kind, namespace, name } = refOfObject(manifest)
  if (object.apiVersion !== apiVersionOf(kind)) return wrongVersion(object, kind)
  if (!namePattern.test(name)) return `${kind}: metadata.name is not a DNS name in lower case`
  if (namespace !== '' && !namePattern.test(namespace))
    return `${kind} ${name}: metadata.namespace is not a DNS name`
  if (kind === 'Secret') {
    secrets.set(`${namespace}/${name}`, secretValues(object))
    return undefined
  }
  const key = keyOf({ kind, namespace, name })
  const first = seen.get(key)
  if (first !== undefined)
    return `${kind} ${namespace}/${name} is already declared in ${first.file}:${first.line}`
  seen.set(key, { ...place, manifest })
  return undefined
}

function withNamespace(object: KubeObject): KubeObject {
  const kind = object.kind as KindName
  if (!kinds[kind].namespaced || object.metadata.namespace) return object
  return { ...object, metadata: { ...object.metadata, namespace: 'default' } }
}

/** Another group's kind of the same name is not ours; another version of ours is a slip. */
function wrongVersion(object: KubeObject, kind: KindName): string | undefined {
  const isOurs = object.apiVersion.startsWith('roundsman.dev/')
  return isOurs
    ? `${kind} ${object.metadata.name}: apiVersion is ${object.apiVersion}; write ${apiVersionOf(kind)}`
    : undefined
}

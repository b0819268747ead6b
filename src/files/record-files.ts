// Records as files, `<data>/status/<kind>/<namespace>/<name>.json`, so that UIDs, generations, finalizers and status survive a restart.
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Ref } from '../domain/kube-object.ts'
import { refOfObject } from '../domain/kube-object.ts'
import type { Log } from '../domain/log.ts'
import { isMissing, writeAtomically } from './atomic-file.ts'
import type { ObjectRecord } from './object-record.ts'

export class RecordFiles {
  readonly #folder: string
  readonly #log: Log

  constructor(dataFolder: string, log: Log) {
    this.#folder = join(dataFolder, 'status')
    this.#log = log
  }

  /** All that can be read; a file that cannot is told and passed over, its object counts as seen for the first time. */
  async readAll(): Promise<ObjectRecord[]> {
    const paths = await recordPaths(this.#folder)
    const records: ObjectRecord[] = []
    for (const path of paths) {
      const record = await this.#read(path)
      if (record !== undefined) records.push(record)
    }
    return records
  }

  /** Rejects with the system's error, for example when the disk is full; the file then holds what it held. */
  async write(record: ObjectRecord): Promise<void> {
    await writeAtomically(
      this.#path(refOfObject(record.manifest)),
      `${JSON.stringify(record, undefined, 2)}\n`,
    )
  }

  async remove(ref: Ref): Promise<void> {
    await rm(this.#path(ref), { force: true })
  }

  async #read(path: string): Promise<ObjectRecord | undefined> {
    try {
      const record: unknown = JSON.parse(await readFile(path, 'utf8'))
      if (isRecord(record)) return record
      this.#log.warn('a file of the data folder is not what was written there; it is passed over', { path })
    } catch (error) {
      this.#log.warn('a file of the data folder cannot be read; it is passed over', { path, error })
    }
    return undefined
  }

  // Names and namespaces were checked when the object was read: no part of the path can leave the folder.
  #path({ kind, namespace, name }: Ref): string {
    return join(this.#folder, kind, namespace === '' ? '_' : namespace, `${name}.json`)
  }
}

async function recordPaths(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

function isRecord(value: unknown): value is ObjectRecord {
  if (typeof value !== 'object' || value === null) return false
  const { file, uid, generation, creationTimestamp, finalizers, manifest, status } =
    value as Partial<ObjectRecord>
  return (
    [file, uid, creationTimestamp].every((field) => typeof field === 'string') &&
    Number.isInteger(generation) &&
    Array.isArray(finalizers) &&
    typeof status === 'object' &&
    typeof manifest?.kind === 'string' &&
    typeof manifest.metadata?.name === 'string'
  )
}

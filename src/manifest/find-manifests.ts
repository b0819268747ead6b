// Which files the PATHs of the command line stand for, and what tells that one has changed. Looks at names and times, reads no content.
import type { Dirent, Stats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { dirname, extname, join, resolve } from 'node:path'
import { bytesMax } from './yaml-documents.ts'

export type FoundFile = { readonly path: string; readonly fingerprint: string } // Another fingerprint: read it again.

export type Found = {
  readonly files: readonly FoundFile[] // Sorted by path, each once.
  readonly folders: readonly string[] // In which a change may mean another list of files.
  readonly unreadable: readonly { readonly path: string; readonly code: string }[] // What lies below is unknown, not gone.
}

const extensions = new Set(['.yaml', '.yml', '.json'])

/** Folders are walked to any depth; names that begin with a dot are left out (a mounted ConfigMap keeps its versions in such folders). */
export async function findManifests(paths: readonly string[]): Promise<Found> {
  const files = new Map<string, FoundFile>()
  const folders = new Set<string>()
  const unreadable: { path: string; code: string }[] = []
  const visit = async (path: string, entry?: Dirent): Promise<void> => {
    try {
      const found = await stat(path)
      if (found.isDirectory() && entry?.isSymbolicLink() !== true) {
        folders.add(path)
        for (const below of await readdir(path, { withFileTypes: true })) {
          if (isWanted(below)) await visit(join(path, below.name), below)
        }
      } else if (found.isFile() && found.size > bytesMax) {
        unreadable.push({ path, code: 'EFBIG' })
      } else if (found.isFile()) {
        if (entry === undefined) folders.add(dirname(path)) // A file is often replaced, not written.
        files.set(path, { path, fingerprint: fingerprintOf(found) })
      }
    } catch (error) {
      unreadable.push({ path, code: codeOf(error) })
    }
  }
  for (const path of paths) await visit(resolve(path))
  const sorted = [...files.values()].sort((left, right) => (left.path < right.path ? -1 : 1))
  return { files: sorted, folders: [...folders], unreadable }
}

/** A link to a folder is not followed below a PATH: it could lead back up. */
function isWanted(entry: Dirent): boolean {
  if (entry.name.startsWith('.')) return false
  return entry.isDirectory() || extensions.has(extname(entry.name))
}

/** A file written anew has another number, size or time. */
export function fingerprintOf({ ino, size, mtimeMs }: Stats): string {
  return `${ino} ${size} ${mtimeMs}`
}

/** The system's name of an error, e.g. ENOENT. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN'
}

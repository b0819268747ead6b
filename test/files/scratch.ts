// A folder of its own for each case, gone after it.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'

/** Gives a function that makes an empty folder; every folder it made is removed after the case. */
export function scratchFolders(): () => Promise<string> {
  const folders: string[] = []
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
  })
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), 'roundsman-test-'))
    folders.push(folder)
    return folder
  }
}

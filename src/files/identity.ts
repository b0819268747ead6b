// Who this installation is, when there is no cluster to take an identity from: a random id, made once and kept in the data folder.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing, writeAtomically } from './atomic-file.ts'

/** The id in `<data>/id`; made by `random` and kept when there is none. Call it only while holding the lock of the folder. */
export async function readIdentity(dataFolder: string, random: () => string): Promise<string> {
  const path = join(dataFolder, 'id')
  const kept = await readText(path)
  if (kept !== '') return kept
  const id = random()
  await writeAtomically(path, `${id}\n`)
  return id
}

async function readText(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if (isMissing(error)) return ''
    throw error
  }
}

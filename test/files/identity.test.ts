import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readIdentity } from '../../src/files/identity.ts'
import { scratchFolders } from './scratch.ts'

const folder = scratchFolders()

test('makes an id once and keeps it', async () => {
  const data = join(await folder(), 'not', 'yet', 'there')
  expect(await readIdentity(data, () => 'first')).toBe('first')
  expect(await readIdentity(data, () => 'second')).toBe('first')
  expect(await readFile(join(data, 'id'), 'utf8')).toBe('first\n')
})

test('keeps it from other users of the machine', async () => {
  const data = await folder()
  await readIdentity(data, () => 'mine')
  expect((await stat(join(data, 'id'))).mode & 0o777).toBe(0o600)
})

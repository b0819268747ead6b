import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Lock, type Locking, lockFolder, type Owner, readOwner } from '../../src/files/lock.ts'
import { FakeClock } from '../fakes/clock.ts'
import { scratchFolders } from './scratch.ts'

const folder = scratchFolders()
let nonces = 0
const means = (clock = new FakeClock()) => ({ clock, random: () => `n${++nonces}` })

function lockOf(locking: Locking): Lock {
  if (!locking.ok) throw new Error(`held by ${locking.owner.pid}`)
  return locking.lock
}

/** An owner as a process that was killed would leave it. */
async function deadOwner(data: string, nonce = 'dead'): Promise<Owner> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await once(child, 'exit')
  const lock = lockOf(await lockFolder(data, means()))
  const self = await readOwner(join(data, 'lock'))
  await lock.release()
  return { ...self!, nonce, pid: child.pid!, started: '1' }
}

describe('the lock of a data folder', () => {
  test('is held by one at a time, and says by whom and where he listens', async () => {
    const data = join(await folder(), 'new')
    const lock = lockOf(await lockFolder(data, means()))
    await lock.tell('127.0.0.1:9797')
    const second = await lockFolder(data, means())
    expect(second).toMatchObject({ ok: false, owner: { pid: process.pid, address: '127.0.0.1:9797' } })
    await lock.release()
    await lockOf(await lockFolder(data, means())).release()
    expect(await readdir(data)).toEqual([])
  })

  test('goes to exactly one of many that come at once', async () => {
    const data = await folder()
    const all = await Promise.all(Array.from({ length: 8 }, () => lockFolder(data, means())))
    expect(all.filter(({ ok }) => ok)).toHaveLength(1)
  })

  test('is taken over from a process that died', async () => {
    const data = await folder()
    await writeFile(join(data, 'lock'), JSON.stringify(await deadOwner(data)))
    const lock = lockOf(await lockFolder(data, means()))
    expect((await readOwner(join(data, 'lock')))?.pid).toBe(process.pid)
    await lock.release()
    expect(await readdir(data)).toEqual([])
  })

  test('is taken over by exactly one of many that find the owner dead', async () => {
    const data = await folder()
    await writeFile(join(data, 'lock'), JSON.stringify(await deadOwner(data)))
    const all = await Promise.all(Array.from({ length: 8 }, () => lockFolder(data, means())))
    expect(all.filter(({ ok }) => ok)).toHaveLength(1)
    expect(await readdir(data)).toEqual(['lock'])
  })

  test('is taken over from a successor that died before it took its place', async () => {
    const data = await folder()
    const first = await deadOwner(data, 'first')
    await writeFile(join(data, 'lock'), JSON.stringify(first))
    await writeFile(join(data, 'lock.after-first'), JSON.stringify({ ...first, nonce: 'second' }))
    lockOf(await lockFolder(data, means()))
    expect(await readdir(data)).toEqual(['lock'])
  })

  test('is taken over from a process whose number now belongs to another', async () => {
    const data = await folder()
    const owner = await deadOwner(data)
    await writeFile(join(data, 'lock'), JSON.stringify({ ...owner, pid: process.pid, started: '1' }))
    expect((await lockFolder(data, means())).ok).toBe(true)
  })

  test('of another container holds while it is touched, and a minute longer', async () => {
    const data = await folder()
    const clock = new FakeClock()
    const path = join(data, 'lock')
    await writeFile(path, JSON.stringify({ ...(await deadOwner(data)), world: 'elsewhere' }))
    await utimes(path, clock.now() / 1000, clock.now() / 1000)
    clock.advance(59_000)
    expect((await lockFolder(data, means(clock))).ok).toBe(false)
    clock.advance(1_000)
    expect((await lockFolder(data, means(clock))).ok).toBe(true)
  })

  test('is touched every 20 s, and no more after its release', async () => {
    const data = await folder()
    const clock = new FakeClock()
    const lock = lockOf(await lockFolder(data, means(clock)))
    clock.advance(20_000)
    await expect.poll(async () => (await stat(join(data, 'lock'))).mtimeMs).toBe(clock.now())
    await lock.release()
    expect(clock.pending).toBe(0)
  })

  test('is not released by one who no longer holds it', async () => {
    const data = await folder()
    const lock = lockOf(await lockFolder(data, means()))
    await writeFile(join(data, 'lock'), JSON.stringify({ nonce: 'other' }))
    await lock.release()
    expect(await readFile(join(data, 'lock'), 'utf8')).toContain('other')
  })
})

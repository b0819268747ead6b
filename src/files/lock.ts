// The lock of a data folder: one process at a time may write into it. It also tells other commands where that process listens.
// Node has no file locks of the kernel, so the lock is a file that names its owner, and an owner that is dead is succeeded.
import { link, mkdir, readFile, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../domain/clock.ts'
import { isMissing, writeAtomically } from './atomic-file.ts'

export type Owner = {
  readonly nonce: string // Unique to one holding of the lock.
  readonly pid: number
  readonly started: string // Tells the process from a later one of the same number; empty where the system does not say.
  readonly world: string // In which numbering of processes `pid` has a meaning: differs between containers and boots.
  readonly address: string // Where it listens; empty until it does.
}

export type Lock = {
  /** Tells where the process listens from now on. */
  tell(address: string): Promise<void>
  release(): Promise<void>
}

export type Locking =
  | { readonly ok: true; readonly lock: Lock }
  | { readonly ok: false; readonly owner: Owner }

/** An owner in another world (a container that is gone, say) cannot be looked up; it touches the lock as long as it lives. */
const touchEveryMs = 20_000
const untouchedMaxMs = 60_000

/** Takes the lock of the folder, which is made if need be, or says who holds it. `random` gives a text that never comes twice. */
export async function lockFolder(
  folder: string,
  { clock, random }: { readonly clock: Clock; readonly random: () => string },
): Promise<Locking> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'lock')
  const self = await currentOwner(random())
  for (;;) {
    if (await createOwner(path, self)) return { ok: true, lock: holding(path, self, clock) }
    const held = await readOwner(path)
    if (held === undefined) continue // Released between the two looks.
    const last = await lastSuccessor(path, held)
    if (await isAlive(last, self, path, clock)) return { ok: false, owner: last }
    if (await succeed(path, held, last, self)) return { ok: true, lock: holding(path, self, clock) }
  }
}

/** The process that holds the lock, dead or alive; undefined when nobody does. */
export async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    return { ...unreadable, ...(JSON.parse(await readFile(path, 'utf8')) as Partial<Owner>) }
  } catch (error) {
    if (isMissing(error)) return undefined
    if (error instanceof SyntaxError) return unreadable
    throw error
  }
}

/** Whoever wrote something else there; taken for an owner in another world. */
const unreadable: Owner = { nonce: 'unreadable', pid: 0, started: '', world: '', address: '' }

/**
 * The right to succeed one owner is a file that only one process can create; who then finds the owner still in place takes its place.
 * Without it two processes that saw the same dead owner would both believe to hold the lock.
 */
async function succeed(path: string, held: Owner, last: Owner, self: Owner): Promise<boolean> {
  const right = rightPath(path, last)
  if (!(await createOwner(right, self))) return false
  const isUnchanged = (await readOwner(path))?.nonce === held.nonce
  if (isUnchanged) await writeAtomically(path, textOf(self))
  if (last.nonce !== held.nonce && isUnchanged) await rm(rightPath(path, held), { force: true })
  await rm(right, { force: true })
  return isUnchanged
}

/** A successor that died before it took its place is succeeded in its turn. */
async function lastSuccessor(path: string, owner: Owner): Promise<Owner> {
  const successor = await readOwner(rightPath(path, owner))
  return successor === undefined ? owner : lastSuccessor(path, successor)
}

function rightPath(path: string, owner: Owner): string {
  return `${path}.after-${owner.nonce}`
}

/** Creates the file with its whole text at once; false when there is one already. */
async function createOwner(path: string, owner: Owner): Promise<boolean> {
  const temporary = `${path}.${owner.nonce}.tmp`
  await writeFile(temporary, textOf(owner), { mode: 0o600 })
  try {
    await link(temporary, path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

function holding(path: string, self: Owner, clock: Clock): Lock {
  let owner = self
  let cancel = (): void => {}
  function touch(): void {
    cancel = clock.after(touchEveryMs, touch)
    const now = clock.now() / 1000
    utimes(path, now, now).catch(() => {}) // The folder may be gone; the next write into it says so.
  }
  touch()
  return {
    tell: async (address) => {
      owner = { ...owner, address }
      await writeAtomically(path, textOf(owner))
    },
    release: async () => {
      cancel()
      if ((await readOwner(path))?.nonce === self.nonce) await rm(path, { force: true })
    },
  }
}

async function isAlive(owner: Owner, self: Owner, path: string, clock: Clock): Promise<boolean> {
  if (owner.world !== self.world) return clock.now() - (await touchedAtMs(path)) < untouchedMaxMs
  return isRunning(owner.pid) && (await startOf(owner.pid)) === owner.started
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0) // Signal 0 only asks.
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

async function touchedAtMs(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined)
  return found?.mtimeMs ?? 0
}

async function currentOwner(nonce: string): Promise<Owner> {
  const [started, world] = await Promise.all([startOf(process.pid), worldOf()])
  return { nonce, pid: process.pid, started, world, address: '' }
}

/** Field 22 of /proc/<pid>/stat, in ticks since boot; the second field is a name that may hold spaces and brackets. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

async function worldOf(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  const processes = await readlink('/proc/self/ns/pid').catch(() => '')
  return `${boot.trim()} ${processes}`.trim()
}

function textOf(owner: Owner): string {
  return `${JSON.stringify(owner)}\n`
}

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const watchdog = new URL('../../src/kube/watchdog.ts', import.meta.url)
const worker = new URL('../../src/kube/watchdog-worker.ts', import.meta.url)

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchdog-'))
})

afterAll(() => rm(folder, { recursive: true }))

/** Runs a process whose main thread does `deeds`, and tells how it ended. */
async function endOf(deeds: string): Promise<{ code: number | null; signal: string | null }> {
  const file = join(folder, `${randomUUID()}.mjs`)
  const program = `
    import { startWatchdog } from '${watchdog}'
    const dog = startWatchdog(new URL('${worker}'))
    const block = (ms) => { for (const end = performance.now() + ms; performance.now() < end; ) {} }
    ${deeds}`
  await writeFile(file, program)
  const child = spawn(process.execPath, [file], { stdio: 'ignore' })
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
}

test('ends a process whose loop is blocked past the deadline', async () => {
  expect(await endOf('dog.arm(50); block(8_000)')).toEqual({ code: null, signal: 'SIGKILL' })
})

test('leaves alone who renews, who steps down, and who was never armed', async () => {
  const ends = await Promise.all([
    endOf('dog.arm(50); block(200); dog.disarm(); block(1_200)'),
    endOf('for (let times = 0; times < 6; times++) { dog.arm(50); block(300) } dog.disarm()'),
    endOf('block(100)'),
  ])
  for (const end of ends) expect(end).toEqual({ code: 0, signal: null })
})

test('keeps no process alive, and can be closed', async () => {
  expect(await endOf('dog.arm(60_000)')).toEqual({ code: 0, signal: null })
  expect(await endOf('await dog.close(); block(100)')).toEqual({ code: 0, signal: null })
})

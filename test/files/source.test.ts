import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { type Telling, Told } from '../control/told.ts'
import { FakeClock } from '../fakes/clock.ts'
import { FakeLog } from '../fakes/log.ts'
import { openFolder } from './open-folder.ts'
import { scratchFolders } from './scratch.ts'

const scratch = scratchFolders()
let manifests = ''
let clock = new FakeClock()

beforeEach(async () => {
  manifests = await scratch()
  clock = new FakeClock()
})

async function started() {
  const { source } = openFolder({
    paths: [manifests],
    dataFolder: await scratch(),
    clock,
    log: new FakeLog(),
  })
  const told = new Told()
  source.start(told)
  await told.untilSynced('InspectionTarget')
  await expect.poll(() => clock.nextInMs).toBe(200) // The look after the watch was set.
  clock.advance(200)
  await expect.poll(() => clock.nextInMs).toBe(10_000)
  return { source, told }
}

const write = (file: string, name: string, folder = manifests) =>
  writeFile(
    join(folder, file),
    JSON.stringify({
      apiVersion: 'roundsman.dev/v1alpha1',
      kind: 'InspectionTarget',
      metadata: { name },
      spec: {},
    }),
  )

const isUpserted = (name: string) => (all: readonly Telling[]) =>
  all.some((telling) => telling.told === 'upsert' && telling.object.metadata.name === name)

test('looks soon after the system said that something changed', async () => {
  const { source, told } = await started()
  await write('a.yaml', 'checkout')
  await expect.poll(() => clock.nextInMs).toBeLessThanOrEqual(200)
  clock.advance(200)
  await told.until(isUpserted('checkout'))
  await source.stop()
  expect(clock.pending).toBe(0)
})

test('watches a folder that was made later', async () => {
  const { source, told } = await started()
  await mkdir(join(manifests, 'new'))
  await expect.poll(() => clock.nextInMs).toBeLessThanOrEqual(200)
  clock.advance(200)
  await expect.poll(() => clock.nextInMs).toBe(200)
  clock.advance(200)
  await expect.poll(() => clock.nextInMs).toBe(10_000)
  await write('new/a.yaml', 'checkout')
  await expect.poll(() => clock.nextInMs).toBeLessThanOrEqual(200)
  clock.advance(200)
  await told.until(isUpserted('checkout'))
  await source.stop()
})

test('looks every 10 s though the system says nothing', async () => {
  const elsewhere = await scratch() // A change behind a link is no event of the folder that holds the link.
  await symlink(join(elsewhere, 'a.yaml'), join(manifests, 'a.yaml'))
  await write('a.yaml', 'former', elsewhere)
  const { source, told } = await started()
  await write('a.yaml', 'checkout', elsewhere)
  clock.advance(10_000)
  await told.until(isUpserted('checkout'))
  await source.stop()
})

test('tells nothing that is looked at after the stop', async () => {
  const { source, told } = await started()
  await write('a.yaml', 'checkout')
  await source.stop()
  const before = told.all.length
  clock.advance(60_000)
  await source.stop()
  expect([told.all.length, clock.pending]).toEqual([before, 0])
})

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkManifests } from '../../src/manifest/check.ts'
import { readManifests } from '../../src/manifest/read-manifests.ts'
import { demoPort, demoSettings } from '../../src/program/demo.ts'

const examples = join(import.meta.dirname, '../../manifests/examples')

test('the examples hold nothing wrong, and a policy selects their targets', async () => {
  const manifests = await readManifests([examples])
  expect(checkManifests(manifests)).toEqual([])
  const kinds = manifests.documents.map(({ object }) => object.kind)
  for (const kind of ['InspectionTarget', 'AlertPolicy', 'Silence']) expect(kinds).toContain(kind)
})

test('the examples speak of the sample service and of nothing else on this machine', () => {
  const texts = readdirSync(examples).map((file) => readFileSync(join(examples, file), 'utf8'))
  const ports = texts.flatMap((text) =>
    [...text.matchAll(/127\.0\.0\.1(?::|, port: )(\d+)/g)].map(([, port]) => port),
  )
  expect(new Set(ports)).toEqual(new Set([String(demoPort)]))
})

test('the demo may tell its own inbox and judges each second; all else stays as it was set', () => {
  const settings = {
    alertmanagers: [],
    addressPolicy: { loopback: 'allowed' },
    sinks: { allowed: ['mail:587'], alsoRefused: [{ ip: '10.0.0.1' }] },
    judge: { scrapeMs: 15_000, evaluateMs: 15_000 },
    clusterDomain: 'cluster.local',
  } as const
  expect(demoSettings(settings)).toEqual({
    ...settings,
    sinks: { allowed: ['mail:587', `127.0.0.1:${demoPort}`], alsoRefused: [{ ip: '10.0.0.1' }] },
    judge: { scrapeMs: 1_000, evaluateMs: 1_000 },
  })
})

import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { KindName } from '../../src/domain/kinds.ts'
import type { Ref } from '../../src/domain/kube-object.ts'
import { folderSecrets } from '../../src/files/secrets.ts'
import { uuidOf } from '../../src/files/uuid.ts'
import { Told } from '../control/told.ts'
import { FakeClock } from '../fakes/clock.ts'
import { FakeLog } from '../fakes/log.ts'
import { openFolder } from './open-folder.ts'
import { scratchFolders } from './scratch.ts'

const scratch = scratchFolders()
let manifests = ''
let dataFolder = ''
let clock = new FakeClock()
let log = new FakeLog()

beforeEach(async () => {
  manifests = await scratch()
  dataFolder = await scratch()
  clock = new FakeClock()
  log = new FakeLog()
})

/** A process that begins now; the former one, if any, is thought to be gone. */
const open = (paths = [manifests]) => openFolder({ paths, dataFolder, clock, log })

async function write(file: string, ...documents: object[]): Promise<string> {
  const path = join(manifests, file)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, documents.map((document) => `---\n${JSON.stringify(document)}\n`).join(''))
  return path
}

const target = (name: string, interval = '30s', more: object = {}) => ({
  apiVersion: 'roundsman.dev/v1alpha1',
  kind: 'InspectionTarget',
  metadata: { name, namespace: 'shop', ...more },
  spec: { interval, tcp: { host: 'db', port: 1 } },
})
const object = (apiVersion: string, kind: string, name: string, more: object = {}) => ({
  apiVersion,
  kind,
  metadata: { name, namespace: 'shop' },
  ...more,
})
const ref = (name: string, kind: KindName = 'InspectionTarget'): Ref => ({ kind, namespace: 'shop', name })

async function names(folder: ReturnType<typeof open>): Promise<string[]> {
  const told = new Told()
  await folder.folder.follow(told)
  return [...told.objects('InspectionTarget').keys()]
}

describe('an object in a file', () => {
  test('has the UID of its kind, namespace and name, on every machine', async () => {
    await write('a.yaml', target('checkout'))
    const read = await open().folder.read(ref('checkout'))
    expect(read?.metadata.uid).toBe(uuidOf('InspectionTarget/shop/checkout'))
  })

  test('keeps its generation and first sight over a restart, and a new spec raises the generation', async () => {
    await write('a.yaml', target('checkout'))
    const first = await open().folder.read(ref('checkout'))
    await write('a.yaml', target('checkout', '1m'))
    clock.advance(60_000)
    const second = await open().folder.read(ref('checkout'))
    expect(second?.metadata).toMatchObject({
      generation: 2,
      creationTimestamp: first?.metadata.creationTimestamp,
    })
    const third = await open().folder.read(ref('checkout'))
    expect(third?.metadata.generation).toBe(2)
  })

  test('keeps its generation when only its labels, its file or the order of its members change', async () => {
    const { spec, metadata, kind, apiVersion } = target('checkout')
    await write('a.yaml', { apiVersion, kind, metadata, spec })
    const { folder } = open()
    await folder.read(ref('checkout'))
    await rm(join(manifests, 'a.yaml'))
    const { tcp, interval } = spec
    await write('b.yaml', {
      spec: { tcp, interval },
      kind,
      metadata: { ...metadata, labels: { a: 'b' } },
      apiVersion,
    })
    const read = await folder.read(ref('checkout'))
    expect(read?.metadata).toMatchObject({ generation: 1, labels: { a: 'b' } })
  })

  test('keeps its status over a restart, so that nothing is written again', async () => {
    await write('a.yaml', target('checkout'))
    const { folder, sink } = open()
    const { metadata } = (await folder.read(ref('checkout')))!
    const options = {
      manager: 'roundsman/controller',
      uid: metadata.uid!,
      resourceVersion: metadata.resourceVersion!,
    }
    await sink.updateStatus(
      ref('checkout'),
      { observedGeneration: 1 },
      { ...options, manager: 'roundsman/controller' },
    )
    expect((await open().folder.read(ref('checkout')))?.status).toEqual({ observedGeneration: 1 })
  })

  test('without a namespace is in default', async () => {
    const { metadata: _, ...rest } = target('checkout')
    await write('a.yaml', { ...rest, metadata: { name: 'checkout' } })
    expect(await names(open())).toEqual(['default/checkout'])
  })

  test('is not taken with the status and the identity it had in a cluster', async () => {
    const metadata = {
      name: 'checkout',
      namespace: 'shop',
      uid: 'theirs',
      resourceVersion: '9',
      generation: 7,
    }
    await write('a.yaml', { ...target('checkout'), metadata, status: { verdict: 'Healthy' } })
    const read = await open().folder.read(ref('checkout'))
    expect(read?.metadata).toMatchObject({ uid: uuidOf('InspectionTarget/shop/checkout'), generation: 1 })
    expect(read).not.toHaveProperty('status')
  })
})

describe('what is not whole deletes nothing', () => {
  test('a file that stops parsing keeps its last good objects, and says where it is wrong', async () => {
    const path = await write('a.yaml', target('checkout'))
    await write('b.yaml', target('orders'))
    const opened = open()
    expect(await names(opened)).toEqual(['shop/checkout', 'shop/orders'])
    await writeFile(path, 'spec: [')
    expect(await names(opened)).toEqual(['shop/checkout', 'shop/orders'])
    expect(opened.folder.problems).toMatchObject([{ file: path, line: 1 }])
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
  })

  test('a broken file keeps its objects over a restart', async () => {
    const path = await write('a.yaml', target('checkout'))
    await open().folder.look()
    await writeFile(path, 'spec: [')
    expect(await names(open())).toEqual(['shop/checkout'])
  })

  test('a broken file does not hold what another file lost', async () => {
    await write('a.yaml', target('checkout'))
    await write('b.yaml', target('orders'))
    const opened = open()
    await opened.folder.look()
    await writeFile(join(manifests, 'a.yaml'), 'spec: [')
    await rm(join(manifests, 'b.yaml'))
    expect(await names(opened)).toEqual(['shop/checkout'])
  })

  test('a mended file goes on as before', async () => {
    const path = await write('a.yaml', target('checkout'))
    const opened = open()
    await opened.folder.look()
    await writeFile(path, 'spec: [')
    await opened.folder.look()
    await write('a.yaml', target('orders'))
    expect(await names(opened)).toEqual(['shop/orders'])
    expect(opened.folder.problems).toEqual([])
  })

  test('a PATH that went away keeps all that was below it', async () => {
    await write('below/a.yaml', target('checkout'))
    const opened = open([join(manifests, 'below')])
    await opened.folder.look()
    await rm(join(manifests, 'below'), { recursive: true })
    expect(await names(opened)).toEqual(['shop/checkout'])
    expect(opened.folder.problems).toEqual([
      { file: join(manifests, 'below'), line: 1, message: 'there is no such file or folder' },
    ])
  })

  test('a file in a PATH that is gone takes its objects with it', async () => {
    await write('a.yaml', target('checkout'))
    const opened = open()
    await opened.folder.look()
    await rm(join(manifests, 'a.yaml'))
    expect(await names(opened)).toEqual([])
    expect(await readdir(join(dataFolder, 'status/InspectionTarget/shop'))).toEqual([])
  })
})

describe('an object that a finalizer holds', () => {
  const held = target('checkout', '30s', { finalizers: ['example.org/keep'] })
  const release = { finalizer: 'example.org/keep', present: false }

  test('stays, marked as deleted, over a restart', async () => {
    await write('a.yaml', held)
    await open().folder.look()
    await rm(join(manifests, 'a.yaml'))
    const { folder, sink } = open()
    const read = (await folder.read(ref('checkout')))!
    expect(read.metadata.deletionTimestamp).toBe('2026-01-01T00:00:00Z')
    expect((await sink.setFinalizer(read, release)).ok).toBe(true)
    expect(await folder.read(ref('checkout'))).toBeUndefined()
    expect(await open().folder.read(ref('checkout'))).toBeUndefined()
  })

  test('goes first and is made anew when its file comes back meanwhile', async () => {
    await write('a.yaml', held)
    const { folder, sink } = open()
    const told = new Told()
    await folder.follow(told)
    await rm(join(manifests, 'a.yaml'))
    await folder.look()
    await write('a.yaml', target('checkout'))
    const leaving = (await folder.read(ref('checkout')))!
    expect(leaving.metadata.deletionTimestamp).toBeDefined()
    await sink.setFinalizer(leaving, release)
    const anew = (await folder.read(ref('checkout')))!
    expect(anew.metadata.deletionTimestamp).toBeUndefined()
    expect(anew.metadata.uid).not.toBe(leaving.metadata.uid)
    expect(told.objects('InspectionTarget').get('shop/checkout')).toEqual(anew)
  })
})

describe('the files of a folder', () => {
  test('are taken at any depth, links included, but not what begins with a dot or has another ending', async () => {
    await write('a.yaml', target('a'))
    await write('deep/er/b.yml', target('b'))
    await write('c.json', target('c'))
    await write('..data/d.yaml', target('d'))
    await write('notes.txt', target('e'))
    await symlink(join(manifests, '..data/d.yaml'), join(manifests, 'linked.yaml'))
    await symlink(manifests, join(manifests, 'deep', 'up.yaml'))
    expect((await names(open())).sort()).toEqual(['shop/a', 'shop/b', 'shop/c', 'shop/d'])
  })

  test('may be a mounted ConfigMap, whose link is swapped', async () => {
    await write('..v1/a.yaml', target('a'))
    await write('..v2/a.yaml', target('a', '1m'))
    await symlink('..v1', join(manifests, '..data'))
    await symlink('..data/a.yaml', join(manifests, 'a.yaml'))
    const { folder } = open()
    await folder.look()
    await symlink('..v2', join(manifests, '..next'))
    await rename(join(manifests, '..next'), join(manifests, '..data'))
    expect((await folder.read(ref('a')))?.spec).toMatchObject({ interval: '1m' })
  })

  test('that is named itself may end as it likes', async () => {
    const path = await write('targets', target('a'))
    expect(await names(open([path]))).toEqual(['shop/a'])
  })

  test('declare an object once: the second is told with both places', async () => {
    const first = await write('a.yaml', target('checkout', '10s'))
    const second = await write('b.yaml', target('checkout', '20s'))
    const { folder } = open()
    expect((await folder.read(ref('checkout')))?.spec).toMatchObject({ interval: '10s' })
    expect(folder.problems).toEqual([
      {
        file: second,
        line: 2,
        message: `InspectionTarget shop/checkout is declared at ${first}:2 already; remove or rename one of them`,
      },
    ])
  })

  test('may hold any other kind, which is not ours to judge', async () => {
    await write('a.yaml', object('apps/v1', 'Deployment', 'x'), object('v2', 'Silence', 'y'), target('a'))
    const { folder } = open()
    await folder.look()
    expect(folder.problems).toEqual([])
  })

  test('must name our kinds by a version and a name that exist', async () => {
    const path = await write(
      'a.yaml',
      object('roundsman.dev/v1', 'Silence', 'y'),
      target('../../etc/passwd'),
      target('a', '30s', { namespace: '..' }),
    )
    const { folder } = open()
    await folder.look()
    expect(folder.problems.map(({ file, message }) => [file, message])).toEqual([
      [path, 'Silence y: apiVersion is roundsman.dev/v1; write roundsman.dev/v1alpha1'],
      [path, 'InspectionTarget: metadata.name is not a DNS name in lower case'],
      [path, 'InspectionTarget a: metadata.namespace is not a DNS name in lower case'],
    ])
  })

  test('that cannot be read are told with the code of the system, and the others are read', async () => {
    await symlink(join(manifests, 'nowhere'), join(manifests, 'a.yaml'))
    await write('b.yaml', target('b'))
    const opened = open()
    expect(await names(opened)).toEqual(['shop/b'])
    expect(opened.folder.problems).toEqual([
      { file: join(manifests, 'a.yaml'), line: 1, message: 'there is no such file or folder' },
    ])
  })
})

describe('the kinds of a folder', () => {
  const availability = async () => {
    const told = new Told()
    await open().folder.follow(told)
    return (kind: KindName) =>
      told.all.flatMap((telling) =>
        telling.told === 'availability' && telling.kind === kind ? [telling.availability.state] : [],
      )
  }

  test('are synced, but for those of a monitoring stack that is not described', async () => {
    const of = await availability()
    for (const kind of ['InspectionTarget', 'AlertPolicy', 'Silence', 'Service', 'EndpointSlice'] as const) {
      expect(of(kind)).toEqual(['synced'])
    }
    for (const kind of ['Prometheus', 'Alertmanager', 'PrometheusRule', 'AlertmanagerConfig'] as const) {
      expect(of(kind)).toEqual(['notServed'])
    }
  })

  test('include the monitoring stack as far as it is described', async () => {
    await write('a.yaml', object('monitoring.coreos.com/v1', 'Alertmanager', 'main'))
    const of = await availability()
    expect([of('Alertmanager'), of('Prometheus')]).toEqual([['synced'], ['notServed']])
  })
})

describe('a Secret in a folder', () => {
  test('is read by reference, as text or base64, and never told', async () => {
    const more = { data: { token: 'aHVudGVyMg==', empty: '' }, stringData: { url: 'http://hook' } }
    await write('a.yaml', object('v1', 'Secret', 'keys', more))
    const { folder } = open()
    const told = new Told()
    await folder.follow(told)
    const secrets = folderSecrets(folder)
    expect(secrets.read('shop', { name: 'keys', key: 'token' })?.reveal()).toBe('hunter2')
    expect(secrets.read('shop', { name: 'keys', key: 'url' })?.reveal()).toBe('http://hook')
    expect(secrets.read('shop', { name: 'keys', key: 'empty' })).toBeUndefined()
    expect(secrets.read('shop', { name: 'keys', key: 'other' })).toBeUndefined()
    expect(secrets.read('other', { name: 'keys', key: 'token' })).toBeUndefined()
    expect(JSON.stringify(told.all)).not.toMatch(/hunter2|aHVudGVyMg/)
  })

  test('counts with its new value as soon as the file is looked at', async () => {
    await write('a.yaml', object('v1', 'Secret', 'keys', { stringData: { token: 'old' } }))
    const { folder } = open()
    await folder.look()
    await write('a.yaml', object('v1', 'Secret', 'keys', { stringData: { token: 'newer' } }))
    await folder.look()
    expect(folderSecrets(folder).read('shop', { name: 'keys', key: 'token' })?.reveal()).toBe('newer')
  })

  test('keeps its last good value while its file cannot be read', async () => {
    const path = await write('a.yaml', object('v1', 'Secret', 'keys', { stringData: { token: 'good' } }))
    const { folder } = open()
    await folder.look()
    await writeFile(path, 'kind: [')
    await folder.look()
    expect(folderSecrets(folder).read('shop', { name: 'keys', key: 'token' })?.reveal()).toBe('good')
    await rm(path)
    await folder.look()
    expect(folderSecrets(folder).read('shop', { name: 'keys', key: 'token' })).toBeUndefined()
  })

  test('is told by name when it comes, changes or goes, and not while another file changes', async () => {
    const { folder } = open()
    const told: string[] = []
    folder.onSecretChange(({ namespace, name }) => told.push(`${namespace}/${name}`))
    await write('b.yaml', object('v1', 'Secret', 'early', { stringData: { token: 'x' } }))
    await folder.look()
    await write('a.yaml', object('v1', 'Secret', 'keys', { stringData: { token: 'old' } }))
    await folder.look()
    await write('a.yaml', object('v1', 'Secret', 'keys', { stringData: { token: 'newer' } }))
    await folder.look()
    await write('c.yaml', target('checkout'))
    await folder.look()
    await rm(join(manifests, 'a.yaml'))
    await folder.look()
    expect(told).toEqual(['shop/keys', 'shop/keys', 'shop/keys'])
  })
})

describe('a data folder in trouble', () => {
  test('does not stop the inspection when it cannot be written', async () => {
    await write('a.yaml', target('checkout'))
    await writeFile(join(dataFolder, 'status'), 'in the way')
    const { folder, sink } = open()
    const read = (await folder.read(ref('checkout')))!
    expect(log.lines.at(-1)).toMatchObject({ level: 'warn' })
    const { uid = '', resourceVersion = '' } = read.metadata
    const answer = await sink.updateStatus(
      ref('checkout'),
      { a: 1 },
      { manager: 'roundsman/prober', uid, resourceVersion },
    )
    expect(answer).toMatchObject({ ok: false, failure: { kind: 'unavailable' } })
    expect(await folder.read(ref('checkout'))).toEqual(read)
  })

  test('forgets a record that is not what was written, and says so', async () => {
    await write('a.yaml', target('checkout'))
    await open().folder.look()
    const record = join(dataFolder, 'status/InspectionTarget/shop/checkout.json')
    await writeFile(record, '{"torn":')
    expect((await open().folder.read(ref('checkout')))?.metadata.generation).toBe(1)
    expect(log.lines.at(-1)).toMatchObject({ level: 'warn', fields: { path: record } })
    expect(await readFile(record, 'utf8')).toContain('"generation": 1')
  })
})

test('a standalone run makes no objects for Prometheus, and says what to do instead', async () => {
  const { sink } = open()
  const rule = object('monitoring.coreos.com/v1', 'PrometheusRule', 'x')
  expect(await sink.create(rule, 'roundsman/controller')).toEqual({
    ok: false,
    failure: {
      kind: 'notServed',
      message:
        'a standalone run makes no PrometheusRule; set delivery to Direct, or run the operator in a cluster',
    },
  })
})

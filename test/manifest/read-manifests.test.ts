import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readManifests } from '../../src/manifest/read-manifests.ts'
import { secretsAmong } from '../../src/manifest/references.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'manifests-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  return path
}

const service = (name: string, namespace = '') =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}${namespace && `, namespace: ${namespace}`}}\n`

async function namesIn(...paths: string[]) {
  const { documents } = await readManifests(paths)
  return documents.map(({ object }) => object.metadata.name)
}

test('folders are read to any depth, in the order of their paths', async () => {
  await write('b.yml', service('b'))
  await write('a/deep/x.yaml', service('x'))
  await write('c.json', JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'c' } }))
  await write('README.md', 'no manifest')
  await write('.hidden.yaml', service('hidden'))
  await write('.git/y.yaml', service('y'))
  expect(await namesIn(folder)).toEqual(['x', 'b', 'c'])
})

test('a file that is named itself may have any ending, and is read once', async () => {
  const path = await write('manifest', service('a'))
  expect(await namesIn(path, path)).toEqual(['a'])
})

test('a linked file is read, a linked folder is not followed', async () => {
  await write('.data/a.yaml', service('a'))
  await symlink(join(folder, '.data/a.yaml'), join(folder, 'a.yaml'))
  await symlink(folder, join(folder, 'loop'))
  expect(await namesIn(folder)).toEqual(['a'])
})

test('a dash stands for standard input', async () => {
  const path = await write('a.yaml', service('a'))
  const { documents, problems } = await readManifests(['-', path], `${service('b')}---\n- no object\n`)
  expect(documents.map(({ object, file }) => [object.metadata.name, file])).toEqual([
    ['b', '-'],
    ['a', path],
  ])
  expect(problems).toEqual([
    { file: '-', line: 5, message: expect.stringContaining('is no Kubernetes object') },
  ])
})

test('what lies in no namespace lies in default; a kind without namespaces in none', async () => {
  const path = await write(
    'a.yaml',
    `${service('a')}---\n{apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n---\n{apiVersion: x/v1, kind: Widget, metadata: {name: w}}\n`,
  )
  const { documents } = await readManifests([path])
  expect(documents.map(({ object }) => object.metadata.namespace)).toEqual(['default', undefined, undefined])
})

test('what is declared twice is told with both places, and the first is kept', async () => {
  const first = await write('a.yaml', `${service('a', 'shop')}---\n${service('a')}`)
  const second = await write('b.yaml', `\n${service('a', 'shop')}`)
  const { documents, problems } = await readManifests([folder])
  expect(documents.map(({ object }) => object.metadata.namespace)).toEqual(['shop', 'default'])
  expect(problems).toEqual([
    {
      file: second,
      line: 2,
      message: `Service shop/a is declared at ${first}:1 already; remove or rename one of them`,
    },
  ])
})

test('two groups may have a kind of one name', async () => {
  const path = await write(
    'a.yaml',
    `${service('a')}---\n{apiVersion: serving.example/v1, kind: Service, metadata: {name: a, namespace: default}}\n`,
  )
  expect((await readManifests([path])).problems).toEqual([])
})

test('a path that does not exist is told, and the others are read', async () => {
  const path = await write('a.yaml', service('a'))
  const { documents, problems } = await readManifests([join(folder, 'none'), path])
  expect(documents).toHaveLength(1)
  expect(problems).toEqual([
    { file: join(folder, 'none'), line: 1, message: 'there is no such file or folder' },
  ])
})

test('a file that is too large is told without being read', async () => {
  const path = await write('a.yaml', '')
  await truncate(path, 9 * 1024 * 1024)
  expect((await readManifests([folder])).problems).toEqual([
    { file: path, line: 1, message: 'is larger than the 8388608 bytes that are read; split it' },
  ])
})

test('a reference finds its key among the files; missing and empty are one answer', async () => {
  const path = await write(
    'a.yaml',
    'apiVersion: v1\nkind: Secret\nmetadata: {name: keys, namespace: shop}\nstringData: {token: t0ken, empty: ""}\n',
  )
  const secrets = secretsAmong((await readManifests([path])).documents)
  expect(secrets.read('shop', { name: 'keys', key: 'token' })?.reveal()).toBe('t0ken')
  expect(secrets.read('shop', { name: 'keys', key: 'empty' })).toBeUndefined()
  expect(secrets.read('shop', { name: 'keys', key: 'other' })).toBeUndefined()
  expect(secrets.read('other', { name: 'keys', key: 'token' })).toBeUndefined()
})

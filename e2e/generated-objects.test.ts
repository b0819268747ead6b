// The generated objects before those who have to take them: the API server with prometheus-operator's schemas, promtool, and
// prometheus-operator itself, whose merged Alertmanager configuration amtool walks.
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type KindName, kinds } from '../src/domain/kinds.ts'
import type { KubeObject } from '../src/domain/kube-object.ts'
import { generateFromDocuments, readDocuments } from '../test/generate/golden-world.ts'
import { resource } from './cluster/api-client.ts'
import { openCluster } from './cluster/cluster.ts'
import { eventually } from './cluster/eventually.ts'
import { monitoringStack } from './cluster/monitoring.ts'
import { runProgram } from './cluster/run-program.ts'

const cluster = openCluster()
const { client } = cluster
afterAll(() => cluster.close())

const goldens = join(import.meta.dirname, '../test/generate/golden')
const cases = globSync('*.in.yaml', { cwd: goldens })
  .map((file) => basename(file, '.in.yaml'))
  .toSorted()

/** What the case generates for a namespace of this run, without an owner: nobody collects the objects. */
function generated(name: string, namespace: string): readonly KubeObject[] {
  const documents = readDocuments(readFileSync(join(goldens, `${name}.in.yaml`), 'utf8'))
  return generateFromDocuments(documents.map((document) => moved(document, namespace))).objects
}

function moved(
  { metadata: { uid: _uid, ...metadata }, ...document }: KubeObject,
  namespace: string,
): KubeObject {
  const isTenant = metadata.namespace !== undefined && metadata.namespace !== 'monitoring'
  return { ...document, metadata: { ...metadata, ...(isTenant && { namespace }) } } as KubeObject
}

const pathOf = ({ apiVersion, kind, metadata }: KubeObject) =>
  resource(apiVersion, kinds[kind as KindName].plural, metadata.namespace, metadata.name)

describe.each(cases)('%s', (name) => {
  let objects: readonly KubeObject[]
  beforeAll(async () => {
    // As long as a namespace may be, where the names are what the case is about.
    const prefix =
      name === 'longest-names' ? 'a-namespace-whose-name-is-as-long-as-a-label-may-be-in-d' : 'generated'
    objects = generated(name, await cluster.namespace(prefix))
  })

  it('is taken by the API server as it stands, and a second time changes nothing', async () => {
    for (const object of objects) {
      const apply = () =>
        client.patch(`${pathOf(object)}?fieldManager=test&force=true&fieldValidation=Strict`, 'apply', object)
      const first = await apply()
      expect(first).toMatchObject(object)
      expect((await apply()).metadata.resourceVersion).toBe(first.metadata.resourceVersion)
    }
  })

  it('holds rules that Prometheus reads, without a lint', async () => {
    const folder = cluster.folder('generated', name)
    mkdirSync(folder, { recursive: true })
    for (const { kind, metadata, spec } of objects) {
      if (kind !== 'PrometheusRule') continue
      const file = join(folder, `${metadata.name}.json`)
      writeFileSync(file, JSON.stringify(spec))
      const checked = await runProgram(cluster.program('promtool'), [
        'check',
        'rules',
        '--lint=all',
        '--lint-fatal',
        file,
      ])
      expect(checked).toMatchObject({ code: 0, stderr: '' })
    }
  })
})

describe('the routes, merged by prometheus-operator', () => {
  let namespace: string
  let file: string

  beforeAll(async () => {
    namespace = await cluster.namespace('routes')
    await cluster.kubectl.apply(monitoringStack({ namespace }))
    const secrets = { hook: ['url', 'token'], journal: ['url'], smtp: ['password'] }
    for (const [name, keys] of Object.entries(secrets)) {
      const stringData = Object.fromEntries(keys.map((key) => [key, 'http://198.51.100.1/']))
      await client.create(resource('v1', 'secrets', namespace), { metadata: { name }, stringData })
    }
    const objects = ['whole-policy', 'namespace-matcher-of-our-own'].flatMap((name) =>
      generated(name, namespace),
    )
    for (const object of objects.filter(({ kind }) => kind === 'AlertmanagerConfig')) {
      // The stack selects everything; the labels that other Alertmanagers want do no harm.
      await client.apply(pathOf(object), object)
    }
    file = join(cluster.folder('generated'), 'alertmanager.yaml')
    writeFileSync(file, await eventually('prometheus-operator has merged both policies', merged))
  })

  async function merged(): Promise<string | undefined> {
    type Secret = { readonly data?: Readonly<Record<string, string>> }
    const secret = await client.get<Secret>(
      resource('v1', 'secrets', namespace, 'alertmanager-main-generated'),
    )
    const packed = secret?.data?.['alertmanager.yaml.gz']
    if (packed === undefined) return undefined
    const text = gunzipSync(Buffer.from(packed, 'base64')).toString('utf8')
    return ['roundsman-shop', 'roundsman-p'].every((name) => text.includes(`${namespace}/${name}/`))
      ? text
      : undefined
  }

  it('are a configuration that Alertmanager takes', async () => {
    const checked = await runProgram(cluster.program('amtool'), ['check-config', file])
    expect(checked).toMatchObject({ code: 0 })
  })

  it.each([
    ['critical', 'shop', ['shop/oncall', 'shop/mail']],
    ['warning', 'shop', ['shop/journal']],
    ['info', 'shop', ['shop/journal']],
    ['debug', 'shop', ['shop/roundsman.nobody']],
    ['another', 'shop', ['shop/mail']],
    ['critical', 'p', ['p/hook']],
    ['critical', 'unknown', []],
  ])('tell an alert of severity %s of policy %s to %j', async (severity, policy, receivers) => {
    const labels = [
      `namespace=${namespace}`,
      `roundsman_policy=${namespace}/${policy}`,
      `severity=${severity}`,
    ]
    expect(await receiversOf(labels)).toEqual(receivers.map((name) => `${namespace}/roundsman-${name}`))
  })

  it('take no alert of another namespace', async () => {
    expect(
      await receiversOf(['namespace=other', `roundsman_policy=${namespace}/p`, 'severity=critical']),
    ).toEqual([])
  })

  /** In the order in which they are told; the stack's own receiver, which takes what nobody else does, left out. */
  async function receiversOf(labels: readonly string[]): Promise<readonly string[]> {
    const args = ['config', 'routes', 'test', `--config.file=${file}`, ...labels]
    const { code, stdout, stderr } = await runProgram(cluster.program('amtool'), args)
    if (code !== 0) throw new Error(`amtool: ${stdout}${stderr}`)
    return stdout
      .trim()
      .split(',')
      .filter((receiver) => receiver.startsWith(`${namespace}/`))
  }
})

// The CRDs before a real API server: taken as structural and cheap enough, and every object of the table judged as
// `roundsman check` judges it, at the same place.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { crdOf } from '../src/api/v1alpha1/crd.ts'
import { type ResourceKind, resourceKinds, resources } from '../src/api/v1alpha1/resources.ts'
import { specCases } from '../test/fixtures/spec-cases.ts'
import { ApiError, resource } from './cluster/api-client.ts'
import { openCluster } from './cluster/cluster.ts'
import { eventually } from './cluster/eventually.ts'

const cluster = openCluster()
const { client, kubectl } = cluster
let namespace: string

const collection = (kind: ResourceKind) =>
  resource('roundsman.dev/v1alpha1', resources[kind].plural, namespace)

type Stored = { readonly metadata: { readonly generation: number }; readonly spec: unknown }

beforeAll(async () => {
  namespace = await cluster.namespace('schemas')
  for (const kind of resourceKinds) {
    const crd = crdOf(kind)
    await client.apply(
      resource('apiextensions.k8s.io/v1', 'customresourcedefinitions', undefined, crd.metadata.name),
      crd,
    )
    await eventually(`${kind} is served`, () => client.get(collection(kind)))
  }
})
afterAll(() => cluster.close())

test.each(specCases)('$object.kind: $name', async ({ object, refusedAt }) => {
  const answer = await client
    .create(`${collection(object.kind)}?dryRun=All&fieldValidation=Strict`, object)
    .catch((error: unknown) => error)
  if (refusedAt === undefined) {
    expect(answer).toMatchObject({ kind: object.kind })
  } else {
    expect(answer).toBeInstanceOf(ApiError)
    expect((answer as ApiError).message).toContain(refusedAt)
  }
})

describe('server-side apply', () => {
  const policy = (rule: object) => ({
    apiVersion: 'roundsman.dev/v1alpha1',
    kind: 'AlertPolicy',
    metadata: { name: 'applied' },
    spec: {
      targets: { names: ['checkout'] },
      rules: [{ name: 'down', severity: 'critical', ...rule }],
      grouping: { wait: '10s' },
    },
  })
  const apply = (object: object) => client.apply<Stored>(`${collection('AlertPolicy')}/applied`, object)

  test('a member goes from settings to none', async () => {
    await apply(policy({ down: { for: '1m' } }))
    const emptied = policy({ down: {} })
    expect((await apply({ ...emptied, spec: { ...emptied.spec, grouping: {} } })).spec).toMatchObject({
      rules: [{ down: {} }],
      grouping: {},
    })
  })

  test('what is applied again is no change', async () => {
    for (const { object } of specCases.filter(
      ({ refusedAt, object }) => refusedAt === undefined && object.kind === 'Silence',
    )) {
      const path = `${collection('Silence')}/${object.metadata.name}`
      const first = await client.apply<Stored>(path, object)
      expect((await client.apply<Stored>(path, object)).metadata.generation).toBe(first.metadata.generation)
    }
  })
})

test('kubectl explain teaches effect, default, unit and an example', async () => {
  const explained = await kubectl.run(['explain', 'inspectiontargets.spec.timeout'])
  expect(explained).toContain('Deadline of one whole probe. Default: 10s or the interval, whichever is')
  expect(explained).toContain('For example 5s')
})

test('what lies in crds/ is what was judged here', () => {
  for (const kind of resourceKinds) {
    const file = new URL(`../crds/${resources[kind].plural}.yaml`, import.meta.url)
    expect(readFileSync(file, 'utf8')).toContain(`name: ${crdOf(kind).metadata.name}`)
  }
})

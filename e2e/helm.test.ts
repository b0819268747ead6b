// The shipped ways to install, judged by the real helm, kubectl and API server on a control plane of their own. No pod runs here.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadAll } from 'js-yaml'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type KubeObject, resource } from './cluster/api-client.ts'
import { openCluster } from './cluster/cluster.ts'
import { eventually } from './cluster/eventually.ts'
import { PrivateCluster } from './cluster/private-cluster.ts'
import { installPrometheusOperatorCrds } from './cluster/prometheus-operator.ts'
import { runProgram } from './cluster/run-program.ts'
import { ownResource } from './conditions.ts'
import { figure, timed } from './figure.ts'
import { chartFolder, checkout } from './operator.ts'

const shared = openCluster()
const own = await PrivateCluster.start(shared.facts, 'helm')
const { cluster } = own
const { client, kubectl } = cluster
const namespace = 'roundsman-system'
const installManifest = join(checkout, 'manifests/install.yaml')

beforeAll(async () => {
  mkdirSync(cluster.folder('helm-home'), { recursive: true })
  await installPrometheusOperatorCrds(kubectl, cluster.program('prometheus-operator-crds'))
  await kubectl.apply([restrictedNamespace(namespace)])
})

afterAll(async () => {
  await own.stop()
  await shared.close()
})

it('helm installs the chart, and its kinds are served', async () => {
  const { value: notes } = await timed('helm install', () => helm('install', 'roundsman', chartFolder))
  expect(notes).toContain('Declare the first target')
  for (const plural of ['inspectiontargets', 'alertpolicies', 'silences'] as const) {
    await eventually(`${plural} are served`, () => client.list(ownResource(plural)))
  }
  expect(await ofRelease()).toEqual(await rendered())
  figure('objects of the release', (await ofRelease()).length)
})

it('helm upgrades it to other values, and refuses values that do not exist', async () => {
  const config =
    '{"alertmanagers":[{"name":"monitoring/main","urls":["http://alertmanager.monitoring.svc:9093"]}]}'
  await helm('upgrade', 'roundsman', chartFolder, '--set=replicaCount=3', `--set-json=config=${config}`)
  const deployment = await client.get<KubeObject & { spec: { replicas: number } }>(
    resource('apps/v1', 'deployments', namespace, 'roundsman'),
  )
  expect(deployment?.spec.replicas).toBe(3)
  await expect(helm('upgrade', 'roundsman', chartFolder, '--set=replicas=3')).rejects.toThrow(/replicas/)
})

it('helm uninstall leaves nothing but the kinds and what users declared of them', async () => {
  const target = { metadata: { name: 'kept' }, spec: { tcp: { host: 'db', port: 5432 } } }
  const path = ownResource('inspectiontargets', 'default', 'kept')
  await client.apply(path, { apiVersion: 'roundsman.dev/v1alpha1', kind: 'InspectionTarget', ...target })
  await timed('helm uninstall', () => helm('uninstall', 'roundsman'))
  await eventually('all objects of the release are gone', async () => {
    expect(await ofRelease()).toEqual([])
    return true
  })
  expect(await client.get(path)).toBeDefined()
  await timed('helm install over the kinds that were kept', () => helm('install', 'roundsman', chartFolder))
  await helm('uninstall', 'roundsman')
})

it('manifests/install.yaml is what the chart renders, and kubectl applies it', async () => {
  const manifest = objectsOf(readFileSync(installManifest, 'utf8')).filter(({ kind }) => kind !== 'Namespace')
  const found = objectsOf(await helm('template', 'roundsman', chartFolder))
  expect(byName(manifest)).toEqual(byName(found))
  await kubectl.run(['apply', '--warnings-as-errors', '-f', installManifest])
  await kubectl.run(['delete', '-f', installManifest, '--wait=false'])
})

it('its pods keep within the restricted Pod Security standard', async () => {
  const deployment = objectsOf(await helm('template', 'roundsman', chartFolder)).find(
    ({ kind }) => kind === 'Deployment',
  )
  const { spec } = deployment as unknown as { spec: { template: { spec: object } } }
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'judged', namespace: 'restricted' } }
  await kubectl.apply([restrictedNamespace('restricted'), serviceAccount('restricted')])
  await kubectl.apply([{ ...pod, spec: spec.template.spec }], ['--dry-run=server', '--warnings-as-errors'])
  const lax = { ...spec.template.spec, hostNetwork: true }
  await expect(kubectl.apply([{ ...pod, spec: lax }], ['--dry-run=server'])).rejects.toThrow(
    'violates PodSecurity',
  )
})

async function helm(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(
    cluster.program('helm'),
    [...args, '--namespace', namespace],
    {
      env: { KUBECONFIG: cluster.facts.kubeconfig, HOME: cluster.folder('helm-home') },
    },
  )
  if (code !== 0) throw new Error(`helm ${args.join(' ')} ended with ${code}: ${stderr.trim()}`)
  return stdout
}

function objectsOf(text: string): readonly KubeObject[] {
  return (loadAll(text) as readonly (KubeObject | null)[]).filter((object) => object !== null)
}

function byName(objects: readonly KubeObject[]): Readonly<Record<string, KubeObject>> {
  return Object.fromEntries(objects.map((object) => [nameOf(object), object]))
}

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind}/${metadata.name}`
}

/** What the chart renders in this cluster, kinds left out. */
async function rendered(): Promise<readonly string[]> {
  const objects = objectsOf(await helm('template', 'roundsman', chartFolder, '--dry-run=server'))
  return objects
    .filter(({ kind }) => kind !== 'CustomResourceDefinition')
    .map(nameOf)
    .toSorted()
}

/** Every object in the cluster that bears the release's label and belongs to no other object. */
async function ofRelease(): Promise<readonly string[]> {
  const kinds = (await kubectl.run(['api-resources', '--verbs=list', '-o', 'name'])).trim().split('\n')
  const args = ['get', kinds.join(','), '-A', '-l', 'app.kubernetes.io/instance=roundsman', '-o', 'json']
  const { items } = JSON.parse(await kubectl.run(args)) as { items: readonly KubeObject[] }
  return items
    .filter(({ metadata }) => metadata.ownerReferences === undefined)
    .map(nameOf)
    .filter((name) => !/^(Endpoints|EndpointSlice)\//.test(name)) // Made by the control plane, with the Service's labels.
    .toSorted()
}

function restrictedNamespace(name: string): object {
  const labels = {
    'pod-security.kubernetes.io/enforce': 'restricted',
    'pod-security.kubernetes.io/warn': 'restricted',
  }
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }
}

function serviceAccount(namespace: string): object {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'roundsman', namespace } }
}

// What it costs to follow 10,000 objects of a real API server: time from start to a filled cache, memory, and how quiet the stream is
// afterwards. The follower is a process of its own, with the credentials of a pod, so that nothing else is measured.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ApiClient, resource } from '../e2e/cluster/api-client.ts'
import { ControlPlane } from '../e2e/cluster/control-plane.ts'
import { eventually } from '../e2e/cluster/eventually.ts'
import { bindRole, createServiceAccount, requestToken } from '../e2e/cluster/service-account.ts'
import { controlPlanePrograms } from '../e2e/cluster/source.ts'
import { ensureTools } from '../e2e/tools/build.ts'
import { crdOf } from '../src/api/v1alpha1/crd.ts'
import { resourceKinds } from '../src/api/v1alpha1/resources.ts'
import { collectionPath } from '../src/kube/paths.ts'
import { nextLine, peakMemoryMiB, start } from './probe/process-figures.ts'
import type { FilledFigures, QuietFigures } from './reflector/follow.ts'

const objects = 10_000
const namespaces = 20
const filledMsMax = 10_000
const pauseMsMax = 100
const heapMiBMax = 20 // Of all objects.
const memoryMiBMax = 256

/** Flags: how many seconds to listen once the cache is filled, default 30. True when every figure is within its target. */
export async function benchReflector(flags: readonly string[]): Promise<boolean> {
  const quietSeconds = Number(flags[0] ?? 30)
  await ensureTools(['etcd', 'kube-apiserver', 'kube-controller-manager'])
  const folder = mkdtempSync(join(tmpdir(), 'roundsman-bench-'))
  const plane = await ControlPlane.start({ folder, programs: controlPlanePrograms({ kind: 'built' }) })
  const client = new ApiClient(plane)
  try {
    await installKinds(client)
    await createTargets(client)
    return await follow(await podFolder(client, plane, folder), plane.server, quietSeconds)
  } finally {
    await client.close()
    await plane.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function follow(podFolder: string, server: string, quietSeconds: number): Promise<boolean> {
  const { hostname, port } = new URL(server)
  const program = new URL('./reflector/follow.ts', import.meta.url).pathname
  const follower = start(1, process.execPath, [
    '--expose-gc',
    program,
    podFolder,
    hostname,
    port,
    String(quietSeconds),
  ])
  try {
    const filled = await nextLine<FilledFigures>(follower)
    const memoryMiB = peakMemoryMiB(follower.pid)
    console.log(`reflector: ${filled.objects} InspectionTargets and what else a cluster has`)
    const verdicts = [
      tell(
        'start to a filled cache',
        `${(filled.ms / 1_000).toFixed(1)} s`,
        filled.ms <= filledMsMax,
        '10 s',
      ),
      tell(
        'longest pause of the loop meanwhile',
        `${Math.round(filled.longestPauseMs)} ms`,
        filled.longestPauseMs <= pauseMsMax,
        `${pauseMsMax} ms`,
      ),
      tell(
        'memory of the objects',
        `${Math.round(filled.heapMiB)} MiB`,
        filled.heapMiB <= heapMiBMax,
        `${heapMiBMax} MiB`,
      ),
      tell(
        'memory of the process at its peak',
        `${Math.round(memoryMiB)} MiB`,
        memoryMiB <= memoryMiBMax,
        `${memoryMiBMax} MiB`,
      ),
    ]
    const quiet = await nextLine<QuietFigures>(follower)
    verdicts.push(
      tell(`relists in ${quietSeconds} quiet seconds`, String(quiet.relists), quiet.relists === 0, '0'),
      tell('watches that failed', String(quiet.failures), quiet.failures === 0, '0'),
    )
    return verdicts.every(Boolean) && filled.objects === objects
  } finally {
    await follower.stop()
  }
}

function tell(what: string, found: string, isGood: boolean, target: string): boolean {
  console.log(`  ${isGood ? '✔ good' : '✗ miss'}: ${what} ${found}, target at most ${target}`)
  return isGood
}

async function installKinds(client: ApiClient): Promise<void> {
  const path = resource('apiextensions.k8s.io/v1', 'customresourcedefinitions')
  for (const kind of resourceKinds) {
    const crd = crdOf(kind)
    await client.apply(`${path}/${crd.metadata.name}`, crd)
    await eventually(`${kind} is served`, () => client.get(collectionPath(kind)))
  }
}

async function createTargets(client: ApiClient): Promise<void> {
  for (let number = 0; number < namespaces; number++) {
    await client.create(resource('v1', 'namespaces'), { metadata: { name: `team-${number}` } })
  }
  const began = performance.now()
  let next = 0
  const create = async (): Promise<void> => {
    for (let number = next++; number < objects; number = next++) {
      await client.create(collectionPath('InspectionTarget', `team-${number % namespaces}`), targetOf(number))
    }
  }
  await Promise.all(Array.from({ length: 40 }, create))
  console.log(`created ${objects} targets in ${Math.round((performance.now() - began) / 1_000)} s`)
}

function targetOf(number: number): object {
  return {
    apiVersion: 'roundsman.dev/v1alpha1',
    kind: 'InspectionTarget',
    metadata: {
      name: `checkout-${number}`,
      labels: { app: 'checkout', tier: 'front', team: `team-${number % namespaces}` },
    },
    spec: {
      interval: '30s',
      timeout: '5s',
      http: { url: `https://checkout-${number}.example.org/health`, expect: { status: ['2xx', 304] } },
    },
  }
}

/** What a pod finds of its ServiceAccount, which may read everything. */
async function podFolder(client: ApiClient, plane: ControlPlane, folder: string): Promise<string> {
  const account = { namespace: 'default', name: 'follower' }
  await client.apply(resource('rbac.authorization.k8s.io/v1', 'clusterroles', undefined, 'follower'), {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'follower' },
    rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] }],
  })
  await createServiceAccount(client, account)
  await bindRole(client, account, { kind: 'ClusterRole', name: 'follower' })
  const pod = join(folder, 'pod')
  mkdirSync(pod)
  writeFileSync(join(pod, 'token'), await requestToken(client, account))
  writeFileSync(join(pod, 'namespace'), account.namespace)
  writeFileSync(join(pod, 'ca.crt'), plane.authority.certificate)
  return pod
}

// Brings up what all test files share: the control plane (or the way to one that is there) and prometheus-operator.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ApiClient, resource } from './api-client.ts'
import { Cluster, type ClusterFacts } from './cluster.ts'
import { ControlPlane } from './control-plane.ts'
import { Kubectl } from './kubectl.ts'
import { startNode } from './node.ts'
import type { Program } from './process.ts'
import { installPrometheusOperatorCrds, startPrometheusOperator } from './prometheus-operator.ts'
import { type ClusterSource, controlPlanePrograms, programPath } from './source.ts'

export type RunningCluster = { readonly facts: ClusterFacts; stop(): Promise<void> }

type Stoppable = { stop(): Promise<unknown> }

export async function startCluster(source: ClusterSource, runFolder: string): Promise<RunningCluster> {
  const started: Stoppable[] = []
  const stop = async () => {
    for (const running of started.splice(0).reverse()) {
      await running.stop()
    }
  }
  try {
    const facts = await connect(source, runFolder, started)
    const client = new ApiClient(facts)
    started.push({ stop: () => client.close() }, await startNode(client))
    const operator = await ensurePrometheusOperator(facts)
    if (operator !== undefined) {
      started.push(operator)
    }
    return { facts, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function connect(
  source: ClusterSource,
  runFolder: string,
  started: Stoppable[],
): Promise<ClusterFacts> {
  const folder = join(runFolder, 'control-plane')
  if (source.kind === 'existing') {
    return { source, runFolder, ...(await readKubeconfig(source.kubeconfig, folder)) }
  }
  const plane = await ControlPlane.start({ folder, programs: controlPlanePrograms(source) })
  started.push(plane)
  const { server, caFile, certFile, keyFile, kubeconfig, auditLog } = plane
  return { source, runFolder, server, caFile, certFile, keyFile, kubeconfig, auditLog }
}

type Connection = Pick<ClusterFacts, 'server' | 'caFile' | 'certFile' | 'keyFile' | 'kubeconfig'>

/** Prometheus-operator takes a client certificate and nothing else, so the kubeconfig has to hold one (that of kind, k3s and minikube does). */
async function readKubeconfig(kubeconfig: string, folder: string): Promise<Connection> {
  const kubectl = new Kubectl({
    command: programPath('kubectl', { kind: 'built' }),
    kubeconfig,
    home: folder,
  })
  const view = JSON.parse(
    await kubectl.run(['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json']),
  )
  const cluster = view.clusters?.[0]?.cluster
  const user = view.users?.[0]?.user
  if (
    !cluster?.['certificate-authority-data'] ||
    !user?.['client-certificate-data'] ||
    !user['client-key-data']
  ) {
    throw new Error(
      `${kubeconfig} holds no client certificate for its current context, which the suite needs to run as admin`,
    )
  }
  mkdirSync(folder, { recursive: true })
  const write = (name: string, data: string) => {
    const file = join(folder, name)
    writeFileSync(file, Buffer.from(data, 'base64'), { mode: 0o600 })
    return file
  }
  return {
    server: cluster.server,
    kubeconfig,
    caFile: write('ca.crt', cluster['certificate-authority-data']),
    certFile: write('admin.crt', user['client-certificate-data']),
    keyFile: write('admin.key', user['client-key-data']),
  }
}

/** undefined when the cluster serves the operator's kinds already: then its own operator is left to do the work. */
async function ensurePrometheusOperator(facts: ClusterFacts): Promise<Program | undefined> {
  const cluster = new Cluster(facts)
  try {
    const crd = resource(
      'apiextensions.k8s.io/v1',
      'customresourcedefinitions',
      undefined,
      'prometheuses.monitoring.coreos.com',
    )
    if ((await cluster.client.get(crd)) !== undefined) {
      return undefined
    }
    await installPrometheusOperatorCrds(cluster.kubectl, cluster.program('prometheus-operator-crds'))
    const { server, caFile, certFile, keyFile } = facts
    const command = cluster.program('prometheus-operator')
    return await startPrometheusOperator({
      command,
      folder: cluster.folder('prometheus-operator'),
      server,
      caFile,
      certFile,
      keyFile,
    })
  } finally {
    await cluster.close()
  }
}

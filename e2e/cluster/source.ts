// Where the cluster of the suite comes from, and which programs have to be built for it. The first that applies is taken:
// a cluster that is there, the binaries of envtest, or a control plane built from Go modules.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { toolPath } from '../tools/cache.ts'
import { type ToolName, tools } from '../tools/catalog.ts'
import type { ControlPlanePrograms } from './control-plane.ts'

export type ClusterSource =
  | { readonly kind: 'existing'; readonly kubeconfig: string }
  | { readonly kind: 'assets'; readonly folder: string }
  | { readonly kind: 'built' }

/** What envtest's archives hold; the controller manager is not among it and is built. */
const assets: readonly ToolName[] = ['kube-apiserver', 'etcd', 'kubectl']
const controlPlane: readonly ToolName[] = ['kube-apiserver', 'kube-controller-manager', 'etcd']

export function clusterSource(env: NodeJS.ProcessEnv = process.env): ClusterSource {
  if (env.ROUNDSMAN_E2E === 'existing') {
    if (!env.KUBECONFIG) {
      throw new Error(
        'ROUNDSMAN_E2E=existing needs KUBECONFIG, the path of the kubeconfig of a cluster that tests may write to',
      )
    }
    return { kind: 'existing', kubeconfig: env.KUBECONFIG }
  }
  if (env.KUBEBUILDER_ASSETS) {
    return { kind: 'assets', folder: env.KUBEBUILDER_ASSETS }
  }
  return { kind: 'built' }
}

export function describeSource(source: ClusterSource): string {
  switch (source.kind) {
    case 'existing':
      return `the cluster of ${source.kubeconfig}`
    case 'assets':
      return `a control plane of the binaries in ${source.folder}`
    case 'built':
      return 'a control plane built from Go modules'
    default:
      return source satisfies never
  }
}

/** The programs of the suite that this source does not bring along. */
export function toolsToBuild(source: ClusterSource): readonly ToolName[] {
  const brought = broughtBy(source)
  return (Object.keys(tools) as ToolName[]).filter((name) => !brought.includes(name))
}

/** The path of a program: from envtest's folder if it is one of those, else from the tools cache. */
export function programPath(name: ToolName, source: ClusterSource): string {
  if (source.kind !== 'assets' || !assets.includes(name)) {
    return toolPath(name)
  }
  const path = join(source.folder, name)
  if (!existsSync(path)) {
    throw new Error(
      `KUBEBUILDER_ASSETS=${source.folder} holds no ${name}; fetch the archive again, or unset it to build from source`,
    )
  }
  return path
}

export function controlPlanePrograms(source: ClusterSource): ControlPlanePrograms {
  return {
    etcd: programPath('etcd', source),
    apiserver: programPath('kube-apiserver', source),
    controllerManager: programPath('kube-controller-manager', source),
  }
}

function broughtBy(source: ClusterSource): readonly ToolName[] {
  switch (source.kind) {
    case 'existing':
      return controlPlane
    case 'assets':
      return assets
    case 'built':
      return []
    default:
      return source satisfies never
  }
}

// A cluster of one test file's own: for tests that stop the API server, take kinds away from everybody, or count every write.
import { Cluster, type ClusterFacts } from './cluster.ts'
import { ControlPlane } from './control-plane.ts'
import { startNode, type TestNode } from './node.ts'
import { controlPlanePrograms } from './source.ts'

export class PrivateCluster {
  readonly cluster: Cluster
  readonly plane: ControlPlane
  readonly #node: TestNode

  private constructor(cluster: Cluster, plane: ControlPlane, node: TestNode) {
    this.cluster = cluster
    this.plane = plane
    this.#node = node
  }

  /** Holds nothing but what a fresh control plane holds, and one node: no CRD of anybody. */
  static async start({ source, runFolder }: ClusterFacts, name: string): Promise<PrivateCluster> {
    if (source.kind === 'existing') {
      throw new Error(
        'this test needs a control plane of its own; unset ROUNDSMAN_E2E, so that the suite starts its clusters itself',
      )
    }
    const programs = controlPlanePrograms(source)
    const plane = await ControlPlane.start({ folder: `${runFolder}/${name}`, programs })
    const { server, caFile, certFile, keyFile, kubeconfig, auditLog } = plane
    const facts = { source, runFolder, server, caFile, certFile, keyFile, kubeconfig, auditLog }
    const cluster = new Cluster(facts)
    return new PrivateCluster(cluster, plane, await startNode(cluster.client))
  }

  /** Takes everything down at once; nothing in it needs to be removed first. */
  async stop(): Promise<void> {
    await this.#node.stop()
    await this.cluster.client.close()
    await this.plane.stop()
  }
}

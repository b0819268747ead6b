// The one node of the test cluster: an object and a heartbeat, nothing more. Controllers publish no pod whose node does not exist, and
// take its pods for lost when it stops renewing its Lease.
import { type ApiClient, resource } from './api-client.ts'

export const nodeName = 'roundsman-e2e'

const heartbeatEveryMs = 10_000 // As a kubelet does; the cluster loses patience after 40 s.
const leasePath = resource('coordination.k8s.io/v1', 'leases', 'kube-node-lease', nodeName)
const nodePath = resource('v1', 'nodes', undefined, nodeName)

export type TestNode = { stop(): Promise<void> }

export async function startNode(client: ApiClient): Promise<TestNode> {
  await client.apply(nodePath, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: nodeName },
    // Only pods that the suite binds itself come here, also in a cluster that has a scheduler.
    spec: { unschedulable: true },
  })
  await client.patch(`${nodePath}/status`, 'merge', {
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  })
  await renewLease(client)
  const heartbeat = setInterval(() => {
    renewLease(client).catch(() => {}) // The API server may be stopped by a test; the next beat tells it that we live.
  }, heartbeatEveryMs)
  return {
    async stop() {
      clearInterval(heartbeat)
      await client.remove(leasePath)
      await client.remove(nodePath)
    },
  }
}

/** Binds a pod to the node, which is a scheduler's work. */
export async function bindToNode(client: ApiClient, namespace: string, pod: string): Promise<void> {
  await client.create(resource('v1', 'pods', namespace, `${pod}/binding`), {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: pod },
    target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
  })
}

async function renewLease(client: ApiClient): Promise<void> {
  await client.apply(leasePath, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: nodeName, namespace: 'kube-node-lease' },
    spec: {
      holderIdentity: nodeName,
      leaseDurationSeconds: 40,
      renewTime: new Date().toISOString().replace('Z', '000Z'), // The API server wants microseconds.
    },
  })
}

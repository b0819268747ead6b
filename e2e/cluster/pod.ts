// Pods of the test cluster. No scheduler and no kubelet ever touches them: their status is what the suite says it is, and from it the real
// controller manager makes Endpoints and EndpointSlices.
import { type ApiClient, type KubeObject, resource } from './api-client.ts'
import { nodeName } from './node.ts'

export type ContainerPort = { readonly name: string; readonly containerPort: number }

export type Container = {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly ports?: readonly ContainerPort[]
  readonly env?: readonly EnvironmentVariable[]
  readonly volumeMounts?: readonly VolumeMount[]
}

export type EnvironmentVariable = {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string } }
}

export type VolumeMount = { readonly name: string; readonly mountPath: string; readonly subPath?: string }

export type KeyToPath = { readonly key: string; readonly path: string }
export type SecretSource = {
  readonly secretName?: string
  readonly name?: string
  readonly optional?: boolean
  readonly items?: readonly KeyToPath[]
}
export type ConfigMapSource = {
  readonly name: string
  readonly optional?: boolean
  readonly items?: readonly KeyToPath[]
}
export type Volume = {
  readonly name: string
  readonly secret?: SecretSource
  readonly configMap?: ConfigMapSource
  readonly projected?: {
    readonly sources: readonly { readonly secret?: SecretSource; readonly configMap?: ConfigMapSource }[]
  }
}

export type Pod = KubeObject & {
  readonly spec: {
    readonly containers: readonly Container[]
    readonly volumes?: readonly Volume[]
    readonly serviceAccountName?: string
    readonly nodeName?: string
  }
  readonly status?: { readonly phase?: string; readonly podIP?: string }
}

/** Named by pods that the suite is to bind itself: keeps a real scheduler's hands off them, should the cluster have one. */
export const schedulerName = 'roundsman-e2e'

export type PodOptions = {
  readonly namespace: string
  readonly name: string
  readonly address: string
  readonly labels: Readonly<Record<string, string>>
  /** The ports that the program at `address` listens on, by name. */
  readonly ports: Readonly<Record<string, number>>
}

/** Publishes a program that the suite runs as a pod that is running and ready, for Services to select. */
export async function publishPod(
  client: ApiClient,
  { namespace, name, address, labels, ports }: PodOptions,
): Promise<Pod> {
  const container = {
    name: 'main',
    image: 'roundsman.dev/e2e/process',
    ports: Object.entries(ports).map(([port, containerPort]) => ({ name: port, containerPort })),
  }
  const pod = await client.create<Pod>(resource('v1', 'pods', namespace), {
    metadata: { name, labels },
    spec: { nodeName, containers: [container] },
  })
  return setPodStatus(client, pod, { address, ready: true })
}

/** Says that a pod has ended, which is a kubelet's to say once it was asked to stop. A pod that is gone already will do. */
export function confirmPodGone(client: ApiClient, pod: Pod): Promise<void> {
  const { namespace, name, uid } = pod.metadata
  return client.remove(resource('v1', 'pods', namespace, name), {
    gracePeriodSeconds: 0,
    uid,
  })
}

/** Says of a pod that it runs at this address, ready or not. A Service lists only those that are ready. */
export function setPodStatus(
  client: ApiClient,
  pod: Pod,
  { address, ready }: { address: string; ready: boolean },
): Promise<Pod> {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  const condition = (type: string, isTrue: boolean) => ({
    type,
    status: isTrue ? 'True' : 'False',
    lastTransitionTime: now,
  })
  const status = {
    phase: 'Running',
    podIP: address,
    podIPs: [{ ip: address }],
    startTime: now,
    conditions: [
      condition('PodScheduled', true),
      condition('Initialized', true),
      condition('ContainersReady', ready),
      condition('Ready', ready),
    ],
    containerStatuses: pod.spec.containers.map(({ name, image }) => {
      return {
        name,
        image,
        imageID: '',
        restartCount: 0,
        ready,
        started: true,
        state: { running: { startedAt: now } },
      }
    }),
  }
  const { namespace, name } = pod.metadata
  return client.patch<Pod>(resource('v1', 'pods', namespace, `${name}/status`), 'merge', { status })
}

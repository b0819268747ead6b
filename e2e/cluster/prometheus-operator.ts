// The real prometheus-operator: its CRDs, taken from the very version that is built, and its process.
import { request } from 'undici'
import { freePort } from './free-port.ts'
import type { Kubectl } from './kubectl.ts'
import { Program } from './process.ts'

export type PrometheusOperatorOptions = {
  readonly command: string
  readonly folder: string
  readonly server: string
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
  readonly flags?: readonly string[]
}

/** Applies the CRDs and waits until they are served. Server-side, for some are too large for kubectl's annotation. */
export async function installPrometheusOperatorCrds(kubectl: Kubectl, crdFolder: string): Promise<void> {
  await kubectl.run(['apply', '--server-side', '--force-conflicts', '-f', crdFolder])
  await kubectl.run(['wait', '--for=condition=Established', '--timeout=30s', '-f', crdFolder])
}

/** Removes the CRDs, and with them every object of their kinds. */
export async function removePrometheusOperatorCrds(kubectl: Kubectl, crdFolder: string): Promise<void> {
  await kubectl.run(['delete', '--ignore-not-found', '-f', crdFolder])
}

/** Starts it over the whole cluster; its CRDs have to be there. It takes certificates only, for it has no flag for a kubeconfig. */
export async function startPrometheusOperator(options: PrometheusOperatorOptions): Promise<Program> {
  const listen = `127.0.0.1:${await freePort()}`
  return Program.start({
    name: 'prometheus-operator',
    command: options.command,
    args: [
      `--apiserver=${options.server}`,
      `--ca-file=${options.caFile}`,
      `--cert-file=${options.certFile}`,
      `--key-file=${options.keyFile}`,
      `--web.listen-address=${listen}`,
      // It would keep an EndpointSlice of the cluster's kubelets, of which there are none.
      '--kubelet-endpoints=false',
      '--kubelet-endpointslice=false',
      ...(options.flags ?? []),
    ],
    folder: options.folder,
    ready: async () => (await request(`http://${listen}/healthz`)).statusCode === 200,
  })
}

// Where the API server is, how it proves who it is, and how we prove who we are: from the ServiceAccount of a pod or from kubeconfig
// files. @kubernetes/client-node is imported for kubeconfig files only, because it costs 88 MB of memory (kube:C1).
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../domain/clock.ts'
import { type Credentials, tokenFileCredentials } from './credentials.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export type ApiLocation =
  | { readonly kind: 'inCluster'; readonly host: string; readonly port: string; readonly folder: string }
  | { readonly kind: 'kubeconfig'; readonly files: readonly string[]; readonly environment: Environment }

/** All of TLS that a connection needs. PEM texts. */
export type TlsMaterial = {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly servername?: string
  readonly rejectUnauthorized?: boolean
}

export type ApiAccess = {
  readonly server: string // URL without a slash at its end.
  readonly namespace: string // Of the pod, or of the kubeconfig's context.
  readonly credentials: Credentials
  /** Reads the material anew at each call. */
  readTls(): Promise<TlsMaterial>
  /** The files behind `readTls`: a change of one means new connections. */
  readonly tlsFiles: readonly string[]
  readonly proxy?: string // URL of an HTTP proxy.
}

const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount'

/** $KUBECONFIG, else the pod's ServiceAccount, else ~/.kube/config; undefined when there is none of them. */
export function locateApi(environment: Environment): ApiLocation | undefined {
  const listed = (environment.KUBECONFIG ?? '').split(':').filter((file) => file !== '')
  if (listed.length > 0) return { kind: 'kubeconfig', files: listed, environment }
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port, HOME: home } = environment
  if (host && port && existsSync(join(serviceAccountFolder, 'token'))) {
    return { kind: 'inCluster', host, port, folder: serviceAccountFolder }
  }
  const file = join(home ?? '/', '.kube', 'config')
  return existsSync(file) ? { kind: 'kubeconfig', files: [file], environment } : undefined
}

/** Rejects with one sentence when what is there cannot be used. */
export async function openAccess(location: ApiLocation, clock: Clock): Promise<ApiAccess> {
  if (location.kind === 'inCluster') return inClusterAccess(location, clock)
  const { kubeconfigAccess } = await import('./kubeconfig.ts')
  return kubeconfigAccess(location, clock)
}

async function inClusterAccess(
  { host, port, folder }: Extract<ApiLocation, { kind: 'inCluster' }>,
  clock: Clock,
): Promise<ApiAccess> {
  const caFile = join(folder, 'ca.crt')
  const namespace = (await readFile(join(folder, 'namespace'), 'utf8')).trim()
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace,
    credentials: tokenFileCredentials(join(folder, 'token'), clock),
    readTls: async () => ({ ca: await readFile(caFile, 'utf8') }),
    tlsFiles: [caFile],
  }
}

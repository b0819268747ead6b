// Reads kubeconfig files with @kubernetes/client-node, and fills in what it lacks: `tokenFile`, and credential plugins that are asked
// again before their token expires. Loaded only when there is a kubeconfig (kube:C1).
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type Cluster, KubeConfig, loadYaml, type User } from '@kubernetes/client-node'
import type { Clock } from '../domain/clock.ts'
import type { ApiAccess, ApiLocation, TlsMaterial } from './access.ts'
import { bearer, type Credentials, fixedCredentials, refreshed, tokenFileCredentials } from './credentials.ts'
import { type ExecPlugin, execCredentials } from './exec-plugin.ts'

type KubeconfigLocation = Extract<ApiLocation, { kind: 'kubeconfig' }>

export async function kubeconfigAccess(location: KubeconfigLocation, clock: Clock): Promise<ApiAccess> {
  const config = load(location.files)
  const cluster = config.getCurrentCluster()
  const user = config.getCurrentUser()
  if (cluster === null || user === null) {
    throw new Error(
      `the kubeconfig ${location.files.join(', ')} has no current context with a cluster and a user`,
    )
  }
  if (cluster.proxyUrl !== undefined && !/^https?:/.test(cluster.proxyUrl)) {
    throw new Error(
      `proxy-url ${new URL(cluster.proxyUrl).protocol}// of cluster ${cluster.name} is not supported; use http or https`,
    )
  }
  const { namespace } = config.getContextObject(config.getCurrentContext()) ?? {}
  const tlsFiles = [cluster.caFile, user.certFile, user.keyFile].filter((file) => file !== undefined)
  return {
    server: cluster.server,
    namespace: namespace ?? 'default',
    credentials: credentialsOf(config, user, { location, clock }),
    readTls: () => tlsOf(cluster, user),
    tlsFiles: tlsFiles.filter((file) => file !== null),
    ...(cluster.proxyUrl === undefined ? {} : { proxy: cluster.proxyUrl }),
  }
}

/** As kubectl merges them: the first file that names a thing wins. */
function load(files: readonly string[]): KubeConfig {
  const merged = new KubeConfig()
  for (const [index, file] of files.entries()) {
    const config = index === 0 ? merged : new KubeConfig()
    config.loadFromFile(file)
    if (config !== merged) mergeInto(merged, config)
  }
  return merged
}

function mergeInto(merged: KubeConfig, later: KubeConfig): void {
  const isNew = (known: readonly { name: string }[]) => (entry: { name: string }) =>
    !known.some(({ name }) => name === entry.name)
  for (const cluster of later.clusters.filter(isNew(merged.clusters))) merged.addCluster(cluster)
  for (const user of later.users.filter(isNew(merged.users))) merged.addUser(user)
  for (const context of later.contexts.filter(isNew(merged.contexts))) merged.addContext(context)
  if (!merged.currentContext) merged.setCurrentContext(later.currentContext)
}

async function tlsOf(cluster: Cluster, user: User): Promise<TlsMaterial> {
  const ca = await pemOf(cluster.caFile, cluster.caData)
  const cert = await pemOf(user.certFile, user.certData)
  const key = await pemOf(user.keyFile, user.keyData)
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(cluster.tlsServerName ? { servername: cluster.tlsServerName } : {}),
    ...(cluster.skipTLSVerify ? { rejectUnauthorized: false } : {}),
  }
}

async function pemOf(
  file: string | null | undefined,
  base64: string | null | undefined,
): Promise<string | undefined> {
  if (file) return readFile(file, 'utf8')
  return base64 ? Buffer.from(base64, 'base64').toString('utf8') : undefined
}

function credentialsOf(
  config: KubeConfig,
  user: User,
  { location, clock }: { location: KubeconfigLocation; clock: Clock },
): Credentials {
  if (user.token) return fixedCredentials(bearer(user.token))
  const tokenFile = tokenFileOf(user.name, location.files)
  if (tokenFile !== undefined) return tokenFileCredentials(tokenFile, clock)
  const plugin = pluginOf(user)
  if (plugin !== undefined) return execCredentials(plugin, { clock, environment: location.environment })
  if (user.authProvider) return providerCredentials(config, clock)
  if (user.username && user.password) {
    const pair = Buffer.from(`${user.username}:${user.password}`).toString('base64')
    return fixedCredentials({ authorization: `Basic ${pair}` })
  }
  return fixedCredentials({}) // A client certificate, or nobody.
}

// client-node drops this field.
function tokenFileOf(userName: string, files: readonly string[]): string | undefined {
  for (const file of files) {
    const { users } = loadYaml<{ users?: { name?: string; user?: { tokenFile?: string } }[] }>(
      readFileSync(file, 'utf8'),
    )
    const entry = users?.find(({ name }) => name === userName)
    if (entry !== undefined) {
      return entry.user?.tokenFile === undefined ? undefined : resolve(dirname(file), entry.user.tokenFile)
    }
  }
  return undefined
}

function pluginOf(user: User): ExecPlugin | undefined {
  if (!user.exec) return undefined
  const { apiVersion, command, args, env } = user.exec as {
    apiVersion?: string
    command?: string
    args?: string[] | null
    env?: { name: string; value: string }[] | null
  }
  if (typeof command !== 'string')
    throw new Error(`the credential plugin of user ${user.name} names no command`)
  return {
    apiVersion: apiVersion ?? 'client.authentication.k8s.io/v1',
    command,
    args: args ?? [],
    env: Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])),
  }
}

// OpenID Connect and the like keep and refresh their tokens in client-node; asked once a minute and after a refusal.
function providerCredentials(config: KubeConfig, clock: Clock): Credentials {
  return refreshed(clock, async () => {
    const options: { headers: Record<string, string> } = { headers: {} }
    await config.applyToHTTPSOptions(options)
    const { Authorization: authorization } = options.headers
    if (authorization === undefined) throw new Error('the auth-provider of the kubeconfig gave no token')
    return { value: { authorization }, goodForMs: 60_000 }
  })
}

// ServiceAccounts for the programs under test: each runs with a token bound to the roles that are shipped, never as admin.
import { join } from 'node:path'
import { type ApiClient, resource } from './api-client.ts'
import { writeKubeconfig } from './kubeconfig.ts'

export type ServiceAccount = { readonly namespace: string; readonly name: string }

/** A role by its name; a Role stands in the namespace given, a ClusterRole is bound everywhere unless one is given. */
export type RoleRef = {
  readonly kind: 'ClusterRole' | 'Role'
  readonly name: string
  readonly namespace?: string
}

/** The user name under which the API server knows the account, in the audit log for example. */
export function userName({ namespace, name }: ServiceAccount): string {
  return `system:serviceaccount:${namespace}:${name}`
}

/** Makes the account if need be. */
export async function createServiceAccount(
  client: ApiClient,
  { namespace, name }: ServiceAccount,
): Promise<void> {
  await client.apply(resource('v1', 'serviceaccounts', namespace, name), {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace },
  })
}

export async function bindRole(client: ApiClient, account: ServiceAccount, role: RoleRef): Promise<void> {
  const isClusterWide = role.kind === 'ClusterRole' && role.namespace === undefined
  const kind = isClusterWide ? 'ClusterRoleBinding' : 'RoleBinding'
  const name = `${account.namespace}-${account.name}-${role.name}`
  const path = resource('rbac.authorization.k8s.io/v1', `${kind.toLowerCase()}s`, role.namespace, name)
  await client.apply(path, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind,
    metadata: { name, ...(role.namespace ? { namespace: role.namespace } : {}) },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: role.kind, name: role.name },
    subjects: [{ kind: 'ServiceAccount', name: account.name, namespace: account.namespace }],
  })
}

/** A token as a pod would get it; the API server gives none for less than 600 s. */
export async function requestToken(
  client: ApiClient,
  account: ServiceAccount,
  expirationSeconds = 3600,
): Promise<string> {
  const path = resource('v1', 'serviceaccounts', account.namespace, `${account.name}/token`)
  const answer = await client.create<{ status: { token: string } }>(path, { spec: { expirationSeconds } })
  return answer.status.token
}

export type ServerFacts = { readonly server: string; readonly caFile: string }

/** Writes `<folder>/<account>.kubeconfig` with a fresh token, and returns its path. */
export async function serviceAccountKubeconfig(
  client: ApiClient,
  account: ServiceAccount,
  { server, caFile, folder }: ServerFacts & { readonly folder: string },
): Promise<string> {
  const token = await requestToken(client, account)
  const file = join(folder, `${account.namespace}-${account.name}.kubeconfig`)
  return writeKubeconfig({ file, server, caFile, user: { token }, namespace: account.namespace })
}

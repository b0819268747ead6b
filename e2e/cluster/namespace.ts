// Namespaces for tests: each test file makes its own, so that none sees another's objects.
import { randomBytes } from 'node:crypto'
import { type ApiClient, resource } from './api-client.ts'
import { eventually } from './eventually.ts'

/** The label by which the cluster-wide objects of a test's namespace are found and removed with it; its value is the namespace. */
export const ownedByNamespace = 'roundsman.dev/e2e-namespace'

/** Makes `<prefix>-<random>` and waits for its default ServiceAccount, without which no pod is admitted. Returns the name. */
export async function createNamespace(client: ApiClient, prefix: string): Promise<string> {
  const name = `${prefix}-${randomBytes(3).toString('hex')}`
  await client.create(resource('v1', 'namespaces'), { metadata: { name } })
  const account = resource('v1', 'serviceaccounts', name, 'default')
  await eventually(`namespace ${name} has its default ServiceAccount`, () => client.get(account))
  return name
}

/** Asks for the end of the namespace and of what it owns, and does not wait for it. */
export async function removeNamespace(client: ApiClient, name: string): Promise<void> {
  for (const plural of ['clusterrolebindings', 'clusterroles']) {
    const owned = `?labelSelector=${encodeURIComponent(`${ownedByNamespace}=${name}`)}`
    await client.remove(resource('rbac.authorization.k8s.io/v1', plural) + owned)
  }
  // Nobody is left to say that the pods have ended.
  await client.remove(resource('v1', 'pods', name), { gracePeriodSeconds: 0 })
  await client.remove(resource('v1', 'namespaces', undefined, name))
}

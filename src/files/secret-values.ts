// The values of a Secret among the manifests, for references to read. They stay in memory, in a type that cannot be printed.
import type { KubeObject } from '../domain/kube-object.ts'
import { Secret } from '../domain/secret.ts'

/** `data` is base64, `stringData` wins over it, as in the API server. Values that are not texts are left out. */
export function secretValues(object: KubeObject): ReadonlyMap<string, Secret> {
  const values = new Map<string, Secret>()
  for (const [key, text] of textsOf(object.data))
    values.set(key, new Secret(Buffer.from(text, 'base64').toString('utf8')))
  for (const [key, text] of textsOf(object.stringData)) values.set(key, new Secret(text))
  return values
}

function textsOf(field: unknown): [string, string][] {
  if (typeof field !== 'object' || field === null) return []
  return Object.entries(field).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
}

// What references find among the manifests, where there is no API server to ask.
import type { SecretReference } from '../api/v1alpha1/references.ts'
import type { Secret } from '../domain/secret.ts'
import type { ManifestDocument } from './parse-manifest.ts'
import { secretValues } from './secret-values.ts'

export type SecretLookup = {
  /** Undefined when the Secret or the key is missing, or the value empty: callers cannot tell these apart. */
  read(namespace: string, key: SecretReference['secretKeyRef']): Secret | undefined
}

export function secretsAmong(documents: readonly ManifestDocument[]): SecretLookup {
  const secrets = new Map(
    documents
      .filter(({ object }) => object.kind === 'Secret')
      .map(({ object }) => [`${object.metadata.namespace}/${object.metadata.name}`, secretValues(object)]),
  )
  return {
    read: (namespace, { name, key }) => {
      const secret = secrets.get(`${namespace}/${name}`)?.get(key)
      return secret === undefined || secret.reveal() === '' ? undefined : secret
    },
  }
}

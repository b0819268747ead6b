// Reads the Secrets among the manifests for whoever holds a reference to one.
import type { SecretReader } from '../notify/ports.ts'
import type { ManifestFolder } from './folder.ts'

/** A changed file counts from the next look at the folder on. Missing and empty are one answer. */
export function folderSecrets(folder: Pick<ManifestFolder, 'secrets'>): SecretReader {
  return { read: (namespace, reference) => folder.secrets?.read(namespace, reference) }
}

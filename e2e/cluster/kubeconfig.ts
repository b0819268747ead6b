// Writes kubeconfig files. They are JSON, which every reader of YAML reads.
import { writeFileSync } from 'node:fs'

export type Credentials =
  | { readonly certFile: string; readonly keyFile: string }
  | { readonly token: string }
  | { readonly tokenFile: string } // Read again by the client, so a test may rotate it.

export type KubeconfigOptions = {
  readonly file: string
  readonly server: string
  readonly caFile: string
  readonly user: Credentials
  readonly namespace?: string
}

/** Returns the file's path. */
export function writeKubeconfig({ file, server, caFile, user, namespace }: KubeconfigOptions): string {
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'e2e',
    contexts: [
      { name: 'e2e', context: { cluster: 'e2e', user: 'e2e', ...(namespace ? { namespace } : {}) } },
    ],
    clusters: [{ name: 'e2e', cluster: { server, 'certificate-authority': caFile } }],
    users: [{ name: 'e2e', user: userEntry(user) }],
  }
  writeFileSync(file, `${JSON.stringify(kubeconfig, null, 2)}\n`, { mode: 0o600 })
  return file
}

function userEntry(user: Credentials): Record<string, string> {
  if ('certFile' in user) {
    return { 'client-certificate': user.certFile, 'client-key': user.keyFile }
  }
  return 'token' in user ? { token: user.token } : { tokenFile: user.tokenFile }
}

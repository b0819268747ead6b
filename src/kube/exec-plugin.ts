// A kubeconfig's credential plugin: a program that prints an ExecCredential. Client certificates from a plugin are not taken; tokens are
// what every plugin of the clouds gives.
import { execFile } from 'node:child_process'
import type { Clock } from '../domain/clock.ts'
import { bearer, type Credentials, refreshed } from './credentials.ts'

export type ExecPlugin = {
  readonly apiVersion: string // client.authentication.k8s.io/v1 or v1beta1.
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

const timeoutMs = 30_000
const outputBytesMax = 1024 * 1024
const earlyMs = 60_000

/** The plugin runs at most once at a time, and again 60 s before its token expires or after the API server refused it. */
export function execCredentials(
  plugin: ExecPlugin,
  { clock, environment }: { clock: Clock; environment: Readonly<Record<string, string | undefined>> },
): Credentials {
  return refreshed(clock, async () => {
    const output = await run(plugin, environment)
    const { token, expirationTimestamp } = statusOf(output, plugin.command)
    const goodForMs =
      expirationTimestamp === undefined
        ? Number.POSITIVE_INFINITY
        : Date.parse(expirationTimestamp) - clock.now() - earlyMs
    return { value: bearer(token), goodForMs }
  })
}

function run(plugin: ExecPlugin, environment: Readonly<Record<string, string | undefined>>): Promise<string> {
  const info = { apiVersion: plugin.apiVersion, kind: 'ExecCredential', spec: { interactive: false } }
  const env = { ...environment, ...plugin.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) }
  return new Promise((resolve, reject) => {
    const options = { env, timeout: timeoutMs, maxBuffer: outputBytesMax }
    execFile(plugin.command, plugin.args, options, (error, stdout) => {
      if (error === null) resolve(stdout)
      // Not error.message: it holds the command line, and a plugin may be given a secret there.
      else reject(new Error(`the credential plugin ${plugin.command} failed (${error.code ?? error.signal})`))
    })
  })
}

function statusOf(output: string, command: string): { token: string; expirationTimestamp?: string } {
  let status: unknown
  try {
    status = (JSON.parse(output) as { status?: unknown } | null)?.status
  } catch {
    throw new Error(`the credential plugin ${command} printed no JSON`) // The output itself is secret.
  }
  const { token, expirationTimestamp } = (status ?? {}) as Record<string, unknown>
  if (typeof token !== 'string') throw new Error(`the credential plugin ${command} gave no token`)
  return { token, ...(typeof expirationTimestamp === 'string' ? { expirationTimestamp } : {}) }
}

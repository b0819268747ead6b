// Plays prometheus-config-reloader, the sidecar that prometheus-operator puts beside Prometheus and Alertmanager: unpacks the generated
// configuration, puts in the pod's variables, and tells when something that has to be reloaded has changed.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Container, EnvironmentVariable, Pod } from './pod.ts'
import { pathRewriter } from './pod-volumes.ts'

export type ConfigReloader = {
  /** Writes the configuration as the program reads it. Returns a digest of that and of all watched files. */
  write(): string
}

export type ReloaderOptions = {
  readonly pod: Pod
  /** The pod's volumes (pod-volumes.ts). */
  readonly folder: string
  /** The last word on the configuration's text, before it is written. */
  readonly adapt: (config: string) => string
}

export function configReloader({ pod, folder, adapt }: ReloaderOptions): ConfigReloader {
  const container = pod.spec.containers.find(({ name }) => name === 'config-reloader')
  if (container === undefined) {
    throw new Error(
      `pod ${pod.metadata.name} has no config-reloader; the suite plays only what prometheus-operator makes`,
    )
  }
  const rewrite = pathRewriter(container, folder)
  const flag = (name: string) => flagValues(container, name).map(rewrite)
  const [source = ''] = flag('config-file')
  const [target = ''] = flag('config-envsubst-file')
  const watched = flag('watched-dir')
  const environment = podEnvironment(container.env ?? [], pod)
  return {
    write() {
      const config = adapt(expand(gunzipSync(readFileSync(source)).toString('utf8'), environment))
      mkdirSync(dirname(target), { recursive: true })
      writeFileSync(target, config)
      const digest = createHash('sha256').update(config)
      for (const directory of watched) {
        for (const file of readdirSync(directory).sort()) {
          digest.update(`${file}\n`).update(readFileSync(join(directory, file)))
        }
      }
      return digest.digest('hex')
    },
  }
}

/** The values of a container's variables, as far as they are texts or fields of the pod. */
export function podEnvironment(
  variables: readonly EnvironmentVariable[],
  pod: Pod,
): ReadonlyMap<string, string> {
  const fields = new Map([
    ['metadata.name', pod.metadata.name],
    ['metadata.namespace', pod.metadata.namespace ?? ''],
    ['metadata.uid', pod.metadata.uid ?? ''],
    ['status.podIP', pod.status?.podIP ?? ''],
  ])
  return new Map(
    variables.map(({ name, value, valueFrom }) => {
      return [name, value ?? fields.get(valueFrom?.fieldRef?.fieldPath ?? '') ?? '']
    }),
  )
}

/** Replaces `$(NAME)`; what is not a variable of the container stays as it is. */
export function expand(text: string, environment: ReadonlyMap<string, string>): string {
  return text.replace(/\$\((\w+)\)/g, (reference, name: string) => environment.get(name) ?? reference)
}

function flagValues(container: Container, name: string): readonly string[] {
  const prefix = `--${name}=`
  return (container.args ?? []).filter((arg) => arg.startsWith(prefix)).map((arg) => arg.slice(prefix.length))
}

// Puts the volumes of a pod into a folder, as a kubelet would, and says where a path inside a container lies in that folder.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ApiClient, type KubeObject, resource } from './api-client.ts'
import type { ConfigMapSource, Container, KeyToPath, Pod, SecretSource, Volume } from './pod.ts'

type Files = ReadonlyMap<string, Buffer>
type Keyed = KubeObject & { readonly data?: Readonly<Record<string, string>> }

/** Writes what Secrets and ConfigMaps hold now; makes the folders of all other volumes. Files that are equal stay untouched. */
export async function writeVolumes(client: ApiClient, pod: Pod, folder: string): Promise<void> {
  for (const volume of pod.spec.volumes ?? []) {
    const target = join(folder, volume.name)
    mkdirSync(target, { recursive: true })
    const files = await volumeFiles(client, pod.metadata.namespace ?? '', volume)
    if (files !== undefined) {
      writeFiles(target, files)
    }
  }
}

/** Rewrites every path of the container that lies on a volume to the path in the folder; leaves the rest of the text alone. */
export function pathRewriter(container: Container, folder: string): (text: string) => string {
  const local = new Map<string, string>()
  for (const { name, mountPath, subPath } of container.volumeMounts ?? []) {
    local.set(mountPath, join(folder, name, subPath ?? ''))
  }
  // The longest first, for one mount may lie inside another; a path ends where its name ends.
  const mounts = [...local.keys()]
    .sort((a, b) => b.length - a.length)
    .map((path) => path.replaceAll('.', '\\.'))
  const pattern = new RegExp(`(?<![\\w./-])(${mounts.join('|')})(?![\\w.-])`, 'g')
  return (text) => (mounts.length === 0 ? text : text.replace(pattern, (mount) => local.get(mount) ?? mount))
}

/** undefined for a volume that starts empty and belongs to the pod. */
async function volumeFiles(client: ApiClient, namespace: string, volume: Volume): Promise<Files | undefined> {
  const sources = volume.projected?.sources ?? [volume]
  const parts: Files[] = []
  for (const { secret, configMap } of sources) {
    if (secret) {
      parts.push(await secretFiles(client, namespace, secret))
    } else if (configMap) {
      parts.push(await configMapFiles(client, namespace, configMap))
    }
  }
  return parts.length === 0 ? undefined : new Map(parts.flatMap((files) => [...files]))
}

async function secretFiles(client: ApiClient, namespace: string, source: SecretSource): Promise<Files> {
  const path = resource('v1', 'secrets', namespace, source.secretName ?? source.name)
  return filesOf(await client.get<Keyed>(path), 'base64', source, path)
}

async function configMapFiles(client: ApiClient, namespace: string, source: ConfigMapSource): Promise<Files> {
  const path = resource('v1', 'configmaps', namespace, source.name)
  return filesOf(await client.get<Keyed>(path), 'utf8', source, path)
}

type Choice = { readonly optional?: boolean; readonly items?: readonly KeyToPath[] }

function filesOf(
  object: Keyed | undefined,
  encoding: BufferEncoding,
  { optional, items }: Choice,
  path: string,
): Files {
  if (object === undefined && !optional) {
    throw new Error(`a volume needs ${path}, which does not exist`)
  }
  const data = object?.data ?? {}
  const chosen = items ?? Object.keys(data).map((key) => ({ key, path: key }))
  return new Map(chosen.map((item) => [item.path, Buffer.from(data[item.key] ?? '', encoding)]))
}

function writeFiles(folder: string, files: Files): void {
  for (const name of readdirSync(folder)) {
    if (!files.has(name)) {
      rmSync(join(folder, name), { recursive: true })
    }
  }
  for (const [name, content] of files) {
    const file = join(folder, name)
    if (!readIfThere(file)?.equals(content)) {
      // A reader must never see half a file; the dot keeps the unfinished one out of `*.yaml`.
      const unfinished = join(folder, `.${name}.unfinished`)
      writeFileSync(unfinished, content)
      renameSync(unfinished, file)
    }
  }
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined
    }
    throw error
  }
}

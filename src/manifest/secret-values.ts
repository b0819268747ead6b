// The values of a Secret among the manifests. They are wrapped as soon as they are read, so that no object that is passed about, compared
// or printed holds one in the open (reliability V30).
import type { KubeObject } from '../domain/kube-object.ts'
import { Secret } from '../domain/secret.ts'
import type { Path } from './positions.ts'

type Wrapped =
  | { readonly ok: true; readonly object: KubeObject }
  | { readonly ok: false; readonly path: Path; readonly message: string }

/** The object itself, or, for a Secret, one whose values are wrapped; or what is wrong with them, without showing them. */
export function withoutOpenSecrets(object: KubeObject): Wrapped {
  if (object.kind !== 'Secret' || object.apiVersion !== 'v1') return { ok: true, object }
  const values = new Map<string, Secret>()
  for (const field of ['data', 'stringData'] as const) {
    for (const [key, given] of Object.entries(object[field] ?? {})) {
      const value = field === 'data' ? decoded(given) : given
      if (typeof value !== 'string') {
        const expected =
          field === 'data' ? 'base64; put plain text into stringData' : 'a text; put it in quotes'
        return {
          ok: false,
          path: [field, key],
          message: `Secret ${object.metadata.name}: ${field}.${key} must be ${expected}`,
        }
      }
      values.set(key, new Secret(value)) // stringData comes second and wins, as in the API server.
    }
  }
  const { stringData, data, ...rest } = object
  const wrapped = { ...rest, metadata: withoutCopies(rest.metadata), data: Object.fromEntries(values) }
  return { ok: true, object: wrapped }
}

/** By key. Empty for an object that is no Secret. */
export function secretValues({ kind, data }: KubeObject): ReadonlyMap<string, Secret> {
  if (kind !== 'Secret') return new Map()
  return new Map(
    Object.entries(data ?? {}).filter((entry): entry is [string, Secret] => entry[1] instanceof Secret),
  )
}

/** kubectl keeps the object as it was applied in an annotation, values and all. */
function withoutCopies({ annotations, ...metadata }: KubeObject['metadata']): KubeObject['metadata'] {
  if (annotations === undefined || annotations === null) return metadata
  const kept = Object.entries(annotations).filter(
    ([name]) => name !== 'kubectl.kubernetes.io/last-applied-configuration',
  )
  return { ...metadata, annotations: Object.fromEntries(kept) }
}

function decoded(base64: unknown): string | undefined {
  if (typeof base64 !== 'string') return undefined
  const text = base64.replace(/\s/g, '')
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  return Buffer.from(text, 'base64').toString('utf8')
}

// What is remembered of one object in a folder, and how it changes. Pure: the part of an API server that a folder of manifests lacks
// (UID, generation, deletion by finalizers, status by manager).
import type { KubeObject } from '../domain/kube-object.ts'
import type { FieldManager } from '../reconcile/plan.ts'

type Fields = Readonly<Record<string, unknown>>

export type ObjectRecord = {
  readonly file: string // Where it was last seen; while that file cannot be read the object stays as it was.
  readonly uid: string
  readonly generation: number
  readonly creationTimestamp: string // First sight.
  readonly deletionTimestamp?: string // Gone from its file, and held by a finalizer.
  readonly finalizers: readonly string[] // From the file at first sight; since then the program's.
  readonly manifest: KubeObject // As it stands in the file, without what a server sets.
  readonly status: Readonly<Record<string, Fields>> // By field manager.
}

/** An object as it stands in a file; `manifest.metadata` names a namespace where the kind has one. */
export type Seen = { readonly file: string; readonly line: number; readonly manifest: KubeObject }

export function firstRecord(
  { file, manifest }: Seen,
  { uid, now }: { uid: string; now: string },
): ObjectRecord {
  const { finalizers = [] } = manifest.metadata
  return {
    file,
    uid,
    generation: 1,
    creationTimestamp: now,
    finalizers,
    manifest: withoutServerFields(manifest),
    status: {},
  }
}

/** The same record when nothing changed. Only what is not metadata raises the generation. */
export function recordSeenAgain(record: ObjectRecord, { file, manifest }: Seen): ObjectRecord {
  const next = withoutServerFields(manifest)
  if (file === record.file && isEqual(next, record.manifest)) return record
  const isSameSpec = isEqual({ ...next, metadata: undefined }, { ...record.manifest, metadata: undefined })
  return { ...record, file, manifest: next, generation: record.generation + (isSameSpec ? 0 : 1) }
}

/** Undefined when nothing holds it: then it is gone. */
export function recordDeleted(record: ObjectRecord, now: string): ObjectRecord | undefined {
  if (record.finalizers.length === 0) return undefined
  return record.deletionTimestamp === undefined ? { ...record, deletionTimestamp: now } : record
}

/** Replaces what `manager` wrote before; what others wrote stays. The same record when nothing changed. */
export function withStatus(record: ObjectRecord, manager: FieldManager, status: Fields): ObjectRecord {
  if (isEqual(record.status[manager], status)) return record
  return { ...record, status: { ...record.status, [manager]: status } }
}

export function withFinalizer(
  record: ObjectRecord,
  { finalizer, present }: { finalizer: string; present: boolean },
): ObjectRecord {
  if (record.finalizers.includes(finalizer) === present) return record
  const others = record.finalizers.filter((name) => name !== finalizer)
  return { ...record, finalizers: present ? [...others, finalizer] : others }
}

/** The object as an API server would give it. */
export function objectOf(record: ObjectRecord, resourceVersion: number): KubeObject {
  const { manifest, uid, generation, creationTimestamp, deletionTimestamp, finalizers } = record
  const status = mergedStatus(record.status)
  return {
    ...manifest,
    metadata: {
      ...manifest.metadata,
      uid,
      resourceVersion: String(resourceVersion),
      generation,
      creationTimestamp,
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      ...(finalizers.length === 0 ? {} : { finalizers }),
    },
    ...(status === undefined ? {} : { status }),
  }
}

/** `status` of a file is what somebody copied out of a cluster; it is never an input (kube:S4). */
function withoutServerFields(object: KubeObject): KubeObject {
  const { status: _, metadata, ...rest } = object
  const { name, namespace, labels, annotations } = metadata
  return {
    ...rest,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    },
  }
}

/** Managers own disjoint fields, but for the conditions: those are one list by type (kube:S1). */
function mergedStatus(byManager: ObjectRecord['status']): Fields | undefined {
  const parts = Object.entries(byManager).sort(([left], [right]) => (left < right ? -1 : 1))
  if (parts.length === 0) return undefined
  const conditions = parts.flatMap(
    ([, status]) => (status.conditions as readonly unknown[] | undefined) ?? [],
  )
  const merged = Object.assign({}, ...parts.map(([, status]) => status)) as Fields
  return conditions.length === 0 ? merged : { ...merged, conditions }
}

function isEqual(left: unknown, right: unknown): boolean {
  return canonical(left) === canonical(right)
}

/** One text a value, whatever the order of its members. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, nested: unknown) =>
      typeof nested === 'object' && nested !== null && !Array.isArray(nested)
        ? Object.fromEntries(Object.entries(nested).sort(([left], [right]) => (left < right ? -1 : 1)))
        : nested,
    ) ?? ''
  )
}

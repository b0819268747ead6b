// A folder of manifests as a small cluster in memory: what the files say, and what the data folder remembers of them. The source and the
// sink of `control` both stand on it. One thing happens at a time; whoever changes something tells the listener before the next begins.
import type { SourceListener } from '../control/ports.ts'
import type { Clock } from '../domain/clock.ts'
import type { KindName } from '../domain/kinds.ts'
import { type KubeObject, keyOf, type ObjectKey, type Ref, refOfObject } from '../domain/kube-object.ts'
import type { Log } from '../domain/log.ts'
import type { ManifestProblem } from '../manifest/parse-manifest.ts'
import type { Availability } from '../reconcile/ports.ts'
import { ManifestReading, type ManifestScan } from './manifest-reading.ts'
import {
  firstRecord,
  type ObjectRecord,
  objectOf,
  recordDeleted,
  recordSeenAgain,
  type Seen,
} from './object-record.ts'
import { RecordFiles } from './record-files.ts'
import { uuidOf } from './uuid.ts'

export type FolderOptions = {
  readonly paths: readonly string[] // Files or folders of manifests.
  readonly dataFolder: string // Locked by the caller.
  readonly clock: Clock
  readonly log: Log
}

/** Told after the Secret counts; once too often rather than once too seldom. */
export type SecretListener = (secret: { readonly namespace: string; readonly name: string }) => void

type Held = { readonly record: ObjectRecord; readonly object: KubeObject }

/** Remembered over restarts: the kinds whose status and finalizers are written. */
const ownKinds: ReadonlySet<string> = new Set(['InspectionTarget', 'AlertPolicy', 'Silence'])
/** Read as they stand in the files; empty when there are none. */
const servedKinds: readonly KindName[] = [
  'InspectionTarget',
  'AlertPolicy',
  'Silence',
  'Service',
  'EndpointSlice',
  'Namespace',
]
/** Served only while the files hold one. */
const monitoringKinds: readonly KindName[] = ['Prometheus', 'Alertmanager']
/** A standalone run judges by itself and generates nothing. */
const neverServed: readonly KindName[] = ['PrometheusRule', 'ServiceMonitor', 'AlertmanagerConfig']

const toldKinds: readonly KindName[] = [...servedKinds, ...monitoringKinds]
const rememberedRemovalsMax = 10_000

export class ManifestFolder {
  readonly #reading: ManifestReading
  readonly #records: RecordFiles
  readonly #clock: Clock
  readonly #log: Log
  readonly #held = new Map<ObjectKey, Held>()
  readonly #met = new Map<ObjectKey, KubeObject>() // As it stood in the file when it was last looked at.
  readonly #remembered = new Map<ObjectKey, ObjectRecord>() // Of an earlier process, not met again yet.
  readonly #removals = new Map<ObjectKey, number>() // How often this process saw a name go; a bounded memory.
  readonly #availability = new Map<KindName, Availability>()
  #scan: ManifestScan | undefined
  #onSecretChange: SecretListener = () => {}
  #listener: SourceListener | undefined
  #lastVersion = 0
  #turn: Promise<unknown> = Promise.resolve()

  constructor({ paths, dataFolder, clock, log }: FolderOptions) {
    this.#reading = new ManifestReading(paths)
    this.#records = new RecordFiles(dataFolder, log)
    this.#clock = clock
    this.#log = log
  }

  /** Folders in which a change may mean other manifests; empty before the first look. */
  get watched(): readonly string[] {
    return this.#scan?.folders ?? []
  }

  get problems(): readonly ManifestProblem[] {
    return this.#scan?.problems ?? []
  }

  /** The values of the Secrets among the manifests. */
  get secrets(): ManifestScan['secrets'] | undefined {
    return this.#scan?.secrets
  }

  onSecretChange(listener: SecretListener): void {
    this.#onSecretChange = listener
  }

  /** Tells all that is held now, then every change, until `undefined` is given. */
  follow(listener: SourceListener | undefined): Promise<void> {
    return this.#inTurn(async () => {
      this.#listener = undefined
      if (listener === undefined) return
      await this.#look()
      this.#listener = listener
      for (const kind of toldKinds) listener.replace(kind, this.#list(kind))
      for (const [kind, availability] of this.#availability) listener.setAvailability(kind, availability)
    })
  }

  /** Reads what has changed in the files, and tells the differences. */
  look(): Promise<void> {
    return this.#inTurn(() => this.#look())
  }

  /** Looks first, so that the answer is no older than the call. */
  read(ref: Ref): Promise<KubeObject | undefined> {
    return this.#inTurn(async () => {
      await this.#look()
      return this.#held.get(keyOf(ref))?.object
    })
  }

  /**
   * Changes what is remembered of an object. `change` answers the new record, or whatever else the caller wants to hear of.
   * Rejects when the record cannot be written; nothing has changed then.
   */
  change<Refusal>(
    ref: Ref,
    change: (held: Held | undefined) => { readonly record: ObjectRecord } | { readonly refusal: Refusal },
  ): Promise<{ readonly object: KubeObject } | { readonly refusal: Refusal }> {
    return this.#inTurn(async () => {
      const held = this.#held.get(keyOf(ref))
      const wanted = change(held)
      if ('refusal' in wanted) return wanted
      if (held !== undefined && wanted.record === held.record) return { object: held.object }
      return { object: await this.#changeTo(ref, wanted.record) }
    })
  }

  async #changeTo(ref: Ref, record: ObjectRecord): Promise<KubeObject> {
    const isGone = record.deletionTimestamp !== undefined && record.finalizers.length === 0
    if (!isGone) {
      await this.#records.write(record)
      return this.#hold(record)
    }
    const object = objectOf(record, this.#nextVersion())
    await this.#drop(ref, object)
    await this.#apply(this.#scan) // The name may stand in a file again by now.
    return object
  }

  async #look(): Promise<void> {
    if (this.#scan === undefined) await this.#remember()
    const scan = await this.#reading.read(this.#scan)
    if (scan === this.#scan) return
    this.#tellNewProblems(scan)
    const changed = this.#scan === undefined ? [] : changedSecrets(this.#scan, scan)
    this.#scan = scan
    await this.#apply(scan)
    for (const secret of changed) this.#onSecretChange(secret)
  }

  async #remember(): Promise<void> {
    for (const record of await this.#records.readAll()) {
      this.#remembered.set(keyOf(refOfObject(record.manifest)), record)
    }
  }

  async #apply(scan: ManifestScan | undefined): Promise<void> {
    if (scan === undefined) return
    for (const [key, seen] of scan.seen) {
      // The same value, not an equal one: its file was not read again.
      if (this.#met.get(key) !== seen.manifest) await this.#meet(key, seen)
    }
    for (const [key, record] of [...this.#remembered]) {
      this.#remembered.delete(key)
      this.#hold(record) // What an earlier process knew and no file holds: kept, or found gone below.
    }
    for (const [key, held] of [...this.#held]) {
      const isGone = !scan.seen.has(key) && !scan.isUnknown(held.record.file)
      if (isGone) await this.#lose(held)
    }
    this.#tellAvailability()
  }

  async #meet(key: ObjectKey, seen: Seen): Promise<void> {
    const known = this.#held.get(key)?.record ?? this.#remembered.get(key)
    this.#remembered.delete(key)
    // What is on its way out goes first; then the file makes it anew.
    const record = known === undefined ? this.#first(key, seen) : known
    const next = known === undefined || isLeaving(record) ? record : recordSeenAgain(record, seen)
    if (!isLeaving(next)) this.#met.set(key, seen.manifest)
    if (next === this.#held.get(key)?.record) return
    if (next !== known) await this.#write(next)
    this.#hold(next)
  }

  #first(key: ObjectKey, seen: Seen): ObjectRecord {
    // The UID is the same on every machine, but an object that was seen to go and came back is another one.
    const removals = this.#removals.get(key) ?? 0
    const uid = uuidOf(removals === 0 ? key : `${key}#${removals}`)
    return firstRecord(seen, { uid, now: this.#timestamp() })
  }

  async #lose({ record, object }: Held): Promise<void> {
    const left = recordDeleted(record, this.#timestamp())
    if (left === record) return
    if (left === undefined) return this.#drop(refOfObject(object), object)
    await this.#write(left)
    this.#hold(left)
  }

  async #drop(ref: Ref, object: KubeObject): Promise<void> {
    const key = keyOf(ref)
    this.#held.delete(key)
    this.#met.delete(key)
    this.#removals.set(key, (this.#removals.get(key) ?? 0) + 1)
    const [oldest] = this.#removals.keys()
    if (this.#removals.size > rememberedRemovalsMax && oldest !== undefined) this.#removals.delete(oldest)
    if (ownKinds.has(ref.kind)) {
      await this.#records
        .remove(ref)
        .catch((error: unknown) => this.#log.warn('a record was not removed', { key, error }))
    }
    this.#listener?.remove(ref.kind, object)
  }

  #hold(record: ObjectRecord): KubeObject {
    const object = objectOf(record, this.#nextVersion())
    const ref = refOfObject(object)
    this.#held.set(keyOf(ref), { record, object })
    this.#listener?.upsert(ref.kind, object)
    return object
  }

  /** What cannot be written is held all the same: a full disk must not stop the inspection. */
  async #write(record: ObjectRecord): Promise<void> {
    if (!ownKinds.has(record.manifest.kind)) return
    try {
      await this.#records.write(record)
    } catch (error) {
      const key = keyOf(refOfObject(record.manifest))
      this.#log.warn('a record was not written; a restart would forget this change', { key, error })
    }
  }

  #tellAvailability(): void {
    for (const kind of servedKinds) this.#setAvailability(kind, 'synced')
    for (const kind of monitoringKinds) {
      this.#setAvailability(kind, this.#list(kind).length > 0 ? 'synced' : 'notServed')
    }
    for (const kind of neverServed) this.#setAvailability(kind, 'notServed')
  }

  #setAvailability(kind: KindName, state: 'synced' | 'notServed'): void {
    if (this.#availability.get(kind)?.state === state) return
    this.#availability.set(kind, { state })
    this.#listener?.setAvailability(kind, { state })
  }

  #tellNewProblems(scan: ManifestScan): void {
    const known = new Set(this.problems.map((problem) => JSON.stringify(problem)))
    for (const problem of scan.problems) {
      if (!known.has(JSON.stringify(problem))) this.#log.error('a manifest is wrong', problem)
    }
  }

  #list(kind: KindName): readonly KubeObject[] {
    return [...this.#held.values()].map(({ object }) => object).filter((object) => object.kind === kind)
  }

  #nextVersion(): number {
    this.#lastVersion += 1
    return this.#lastVersion
  }

  #timestamp(): string {
    return new Date(this.#clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => {}) // Its caller hears of it; the next in turn must not.
    return done
  }
}

function isLeaving(record: ObjectRecord): boolean {
  return record.deletionTimestamp !== undefined
}

function changedSecrets(before: ManifestScan, after: ManifestScan): { namespace: string; name: string }[] {
  const names = new Set([...before.secretObjects.keys(), ...after.secretObjects.keys()])
  return [...names]
    .filter((key) => before.secretObjects.get(key) !== after.secretObjects.get(key))
    .map((key) => {
      const [namespace = '', name = ''] = key.split('/')
      return { namespace, name }
    })
}

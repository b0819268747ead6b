// What the control plane needs from an adapter: a source that fills the store and a sink that takes the writes. `kube` satisfies them
// over the API server, `files` over a folder of manifests; the contract suite in test/control/cluster-contract.ts holds for both.

import type { JudgedPolicy, JudgedSilence } from '../domain/judged-policy.ts'
import type { KindName } from '../domain/kinds.ts'
import type { KubeObject, Ref } from '../domain/kube-object.ts'
import type { ProbeEntry } from '../domain/probe-entry.ts'
import type { SilencePost } from '../domain/remote-silence.ts'
import type { FieldManager, PlannedEvent } from '../reconcile/plan.ts'
import type { Availability } from '../reconcile/ports.ts'

/** What a source tells. Implemented by the store. Calls come in order, never while another is running. */
export type SourceListener = {
  /**
   * A complete list: swapped in at once, then the differences are told (kube:R4). Identity is the UID. With `isRewound` the cluster itself
   * went back, as after a restored backup: what is held is not newer for its higher version (kube:R9).
   */
  replace(kind: KindName, objects: readonly KubeObject[], options?: { readonly isRewound: boolean }): void
  /** One object was added or changed. An event older than the stored object of that UID is dropped by the store (kube:R9). */
  upsert(kind: KindName, object: KubeObject): void
  /** The object of that UID is gone. */
  remove(kind: KindName, object: KubeObject): void
  /** Whether the kind can be read now. `synced` is told after the first `replace`. */
  setAvailability(kind: KindName, availability: Availability): void
}

export type ClusterSource = {
  /** Begins to fill the listener; returns at once. */
  start(listener: SourceListener): void
  /** Idempotent at any moment; resolves when nothing more will be told and every socket is closed (kube:R13). */
  stop(): Promise<void>
}

/** Why a call was not carried out; decided by code and cause, never by message text (kube:C7). */
export type ApiFailure = {
  readonly kind:
    | 'conflict' // resourceVersion or UID moved, or gone and made anew: re-read and decide again.
    | 'alreadyExists' // The name is taken: a live GET tells by whom.
    | 'notFound' // The object is gone.
    | 'notServed' // The kind is not served.
    | 'invalid' // 422 or 413: nothing to retry until something changes.
    | 'forbidden' // RBAC or admission.
    | 'terminating' // The namespace is going.
    | 'unavailable' // Network, 429, 5xx, time-out: the outcome of a write is unknown.
  readonly message: string // One sentence for people; for `forbidden` it names verb and resource.
  readonly retryAfterMs?: number
}

export type Answer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly failure: ApiFailure }

export type ClusterSink = {
  /** Live read, past every cache. `undefined` when there is none. */
  get(ref: Ref): Promise<Answer<KubeObject | undefined>>
  /** Creates by apply; an existing object of that name answers `alreadyExists` and is untouched (kube:A3). */
  create(object: KubeObject, manager: FieldManager): Promise<Answer<KubeObject>>
  /** Applies every field of `object` by force to the object of exactly this UID; what this manager owned and left out is removed. */
  update(
    object: KubeObject,
    manager: FieldManager,
    precondition: { readonly uid: string },
  ): Promise<Answer<KubeObject>>
  /** Applies the whole status that `manager` owns; the object must still have this resourceVersion (kube:S1). */
  updateStatus(
    ref: Ref,
    status: Readonly<Record<string, unknown>>,
    options: { readonly manager: FieldManager; readonly uid: string; readonly resourceVersion: string },
  ): Promise<Answer<KubeObject>>
  /** Deletes exactly this object: both preconditions are sent; gone already, or another UID, is success (kube:A7). */
  remove(
    ref: Ref,
    precondition: { readonly uid: string; readonly resourceVersion: string },
  ): Promise<Answer<undefined>>
  /** Adds or removes one finalizer, leaving all others alone (kube:F2). */
  setFinalizer(
    object: KubeObject,
    change: { readonly finalizer: string; readonly present: boolean },
  ): Promise<Answer<KubeObject | undefined>>
  /** Fire and forget: merged, rate limited and bounded; never fails or delays the caller (kube:S10, S11). */
  emit(event: PlannedEvent): void
}

/** Who may write. Asked before every leader-only write, outside systems included (kube:L5). */
export type Leadership = {
  isLeader(): boolean
  /** Called after each change; the answer ends the subscription. */
  onChange(listener: (isLeader: boolean) => void): () => void
}

/** Carries out what lies outside the cluster; satisfied by `upstream`. */
export type OutsideSink = {
  postSilence(alertmanager: string, revision: string, silence: SilencePost): Promise<OutsideAnswer>
  expireSilence(alertmanager: string, silenceID: string): Promise<OutsideAnswer>
  /** Asks for a fresh list soon; the key of every Silence that differs is queued by it. */
  refresh(alertmanager: string): void
}
export type OutsideAnswer =
  | { readonly ok: true }
  | { readonly ok: false; readonly permanent: boolean; readonly message: string }

/** The probe plane, as the control plane commands it; satisfied by `probe`. */
export type ProbePlane = {
  set(entry: ProbeEntry): void
  remove(uid: string): void
}

/** What the local judge of Direct delivery shall hold, as the control plane tells it; satisfied by `evaluate`. */
export type JudgeTable = {
  setPolicy(policy: JudgedPolicy): void
  removePolicy(uid: string): void
  setSilence(silence: JudgedSilence): void
  removeSilence(uid: string): void
}

/** Which targets this process probes. One member so far: the latest leader this process knows of, so that an outage of the API blinds nobody (kube:H4). */
export type Shard = {
  owns(uid: string): boolean
  /** Called when the answers may have changed. */
  onChange(listener: () => void): void
}

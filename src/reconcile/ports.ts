// What the decisions of this folder need from the rest of the program. Types only; caches answer, nothing here waits.
import type { Instant } from '../domain/clock.ts'
import type { KindName } from '../domain/kinds.ts'
import type { KubeObject, Ref } from '../domain/kube-object.ts'
import type { ProbeReport } from '../domain/probe-entry.ts'
import type { RemoteSilence } from '../domain/remote-silence.ts'

/** Whether a kind can be read. Only `synced` allows to conclude anything from absence. */
export type Availability =
  | { readonly state: 'synced' }
  | { readonly state: 'syncing' }
  | { readonly state: 'notServed' } // Its CRD is absent.
  | { readonly state: 'forbidden'; readonly message: string } // Names the missing verb and resource.

export type ObjectReader = {
  get(ref: Ref): KubeObject | undefined
  /** Sorted by namespace and name. Without a namespace: all of the kind. */
  list(kind: KindName, namespace?: string): readonly KubeObject[]
  /** Objects whose controller owner reference carries this UID, of every generated kind. */
  ownedBy(ownerUid: string): readonly KubeObject[]
  availability(kind: KindName): Availability
}

/** What the probe plane found so far. */
export type ProbeReader = { report(uid: string): ProbeReport | undefined }

/** One Alertmanager cluster as the poller last saw it. */
export type AlertmanagerView = {
  readonly name: string // `<namespace>/<name>` of the resource, or the configured name.
  readonly version?: string // e.g. '0.34.2'; absent until it answered once.
  /** The last complete list, expired ones included; absent until there was one. */
  readonly silences?: readonly RemoteSilence[]
  readonly observedAt?: Instant // When that list was asked for.
  /** Present while it does not answer properly. */
  readonly problem?: {
    readonly since: Instant
    readonly reason: 'AlertmanagerUnreachable' | 'AlertmanagerRefused'
    readonly message: string
  }
}

export type AlertmanagerReader = {
  /** Sorted by name. Empty when no Alertmanager is known. */
  alertmanagers(): readonly AlertmanagerView[]
  /** What the last write to this Alertmanager for this object answered, when that was a refusal; forgotten when its spec changes. */
  refusal(
    alertmanager: string,
    owner: string,
  ): { readonly message: string; readonly permanent: boolean } | undefined
}

/** What the last carrying out of a Plan for this owner met, so that the next decision can tell it. Forgotten when it went well. */
export type CarryOutReader = { trouble(ownerUid: string): Trouble | undefined }

export type Trouble = {
  /** stalled: someone must edit; waiting: something known lacks; transient: passes by itself, `times` in a row by now. */
  readonly kind: 'stalled' | 'waiting' | 'transient'
  readonly reason:
    | 'NameTaken'
    | 'TooLarge'
    | 'Refused'
    | 'Forbidden'
    | 'NamespaceTerminating'
    | 'KindNotServed'
    | 'Unavailable'
  readonly message: string
  readonly times: number
}

export type Sources = {
  readonly objects: ObjectReader
  readonly probes: ProbeReader
  readonly alertmanagers: AlertmanagerReader
  readonly carriedOut: CarryOutReader
  readonly installation: Installation
}

/** Facts of this installation that never change while the program runs. */
export type Installation = {
  readonly clusterId: string // UID of namespace kube-system, or the id kept in the data folder.
  readonly delivery: 'Prometheus' | 'Direct' // Who judges and tells when a policy does not say.
  readonly clusterDomain: string // e.g. 'cluster.local'
  readonly standalone: boolean
}

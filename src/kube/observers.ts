// What this folder tells about itself; telemetry makes metrics of it. Types only, and one that listens to nothing.

export type RequestObserver = {
  /** One answer, or none: then `code` is `<error>`. A retried call is told once per attempt. For a watch, the time to its headers. */
  answered(request: {
    readonly verb: string // As in RBAC: get, list, watch, create, patch, update, delete.
    readonly method: string
    readonly resource: string
    readonly host: string
    readonly code: string
    readonly seconds: number
  }): void
  /** The call is about to be sent again because of `code`. */
  retried(request: { readonly verb: string; readonly host: string; readonly code: string }): void
}

/** `kind` is a KindName; reflectors of one kind in several namespaces tell under one name. */
export type ReflectorObserver = {
  /** Something came over the stream, or a list was read. */
  eventSeen(kind: string): void
  synced(kind: string, isSynced: boolean): void
  /** A list after the first, and why. */
  relisted(kind: string, reason: 'expired' | 'tooNew' | 'malformed' | 'hollow' | 'served' | 'failed'): void
  /** A watch or list that did not end normally; `code` is the HTTP code, a code of the network, or the trouble's name. */
  watchFailed(kind: string, code: string): void
}

export type ElectionObserver = {
  leading(isLeader: boolean): void
  /** A renewal that had to read the record again, because it had moved. */
  slowPath(): void
}

export type EventObserver = {
  /** An event that will not be written: the queue was full, its object told too much, or the API server refused it. */
  dropped(cause: 'full' | 'limited' | 'refused'): void
}

export type KubeObserver = {
  readonly requests: RequestObserver
  readonly reflectors: ReflectorObserver
  readonly election: ElectionObserver
  readonly events: EventObserver
}

const ignore = (): void => {}

/** Listens to nothing: for commands that run once. */
export const noObserver: KubeObserver = {
  requests: { answered: ignore, retried: ignore },
  reflectors: { eventSeen: ignore, synced: ignore, relisted: ignore, watchFailed: ignore },
  election: { leading: ignore, slowPath: ignore },
  events: { dropped: ignore },
}

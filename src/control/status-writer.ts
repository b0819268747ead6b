// Writes status: only when it is news (kube:S4), and what probers find at most once a minute per flapping target and 20 a second in all
// (kube:S6).
import type { Clock } from '../domain/clock.ts'
import { type KubeObject, refOfObject } from '../domain/kube-object.ts'
import type { StatusWrite } from '../reconcile/plan.ts'
import type { ApiFailure, ClusterSink } from './ports.ts'
import { isNews } from './status-difference.ts'
import type { Store } from './store.ts'
import { TokenBucket } from './token-bucket.ts'

export type StatusResult =
  | { readonly kind: 'current' } // It was no news.
  | { readonly kind: 'written' }
  | { readonly kind: 'deferred'; readonly ms: number } // Over the prober's limit: ask again then.
  | { readonly kind: 'failed'; readonly failure: ApiFailure }

/**
 * A flapping target's status is written once a minute; alerts come from metrics, status is the slow copy. A target that fails or comes
 * back now and then does not flap: it may change a few times at once before the minute counts.
 */
const perTarget = { perSecond: 1 / 60, burst: 3 }

export class StatusWriter {
  readonly #sink: ClusterSink
  readonly #store: Store
  readonly #clock: Clock
  readonly #probers: TokenBucket
  readonly #ofTarget = new Map<string, TokenBucket>() // By UID.

  constructor({ sink, store, clock }: { sink: ClusterSink; store: Store; clock: Clock }) {
    this.#sink = sink
    this.#store = store
    this.#clock = clock
    this.#probers = new TokenBucket({ perSecond: 20, burst: 100 }, clock)
  }

  /** Writes the part that `write.manager` owns onto the object as the store holds it now. */
  async write(object: KubeObject, write: StatusWrite): Promise<StatusResult> {
    const ref = refOfObject(object)
    const held = this.#store.get(ref)
    if (held === undefined || held.metadata.uid !== object.metadata.uid) return { kind: 'current' }
    const stored = (held.status ?? {}) as Readonly<Record<string, unknown>>
    if (!isNews(stored, write.status, write.manager)) return { kind: 'current' }
    const { uid = '', resourceVersion = '' } = held.metadata
    // The first verdict of a target is outside the limits (kube:S8).
    const isLimited = write.manager === 'roundsman/prober' && stored.verdict !== undefined
    const delayMs = isLimited ? this.#proberDelayMs(uid) : 0
    if (delayMs > 0) return { kind: 'deferred', ms: delayMs }
    const answer = await this.#sink.updateStatus(ref, write.status, {
      manager: write.manager,
      uid,
      resourceVersion,
    })
    if (!answer.ok) {
      if (isLimited) this.#giveBack(uid) // Or an outage would use up what may be told after it.
      // Gone meanwhile: nothing is left to tell, and the watch will say so.
      return answer.failure.kind === 'notFound'
        ? { kind: 'current' }
        : { kind: 'failed', failure: answer.failure }
    }
    this.#store.upsert(ref.kind, answer.value)
    return { kind: 'written' }
  }

  forget(uid: string): void {
    this.#ofTarget.delete(uid)
  }

  /** 0 when the write may go now. */
  #proberDelayMs(uid: string): number {
    const bucket = this.#ofTarget.get(uid) ?? new TokenBucket(perTarget, this.#clock)
    this.#ofTarget.set(uid, bucket)
    const waitMs = Math.max(bucket.waitMs(), this.#probers.waitMs())
    return waitMs > 0 ? waitMs : bucket.take() + this.#probers.take()
  }

  #giveBack(uid: string): void {
    this.#ofTarget.get(uid)?.giveBack()
    this.#probers.giveBack()
  }
}

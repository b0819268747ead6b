// Keeps a listener in step with one selection of the API server's objects: lists once, watches ever after, and comes back from whatever
// ends a watch. Section 2 of the Kubernetes contract (kube:R1 to R15). Writes nothing and holds no object.
import type { Clock } from '../domain/clock.ts'
import type { KubeObject } from '../domain/kube-object.ts'
import type { Log } from '../domain/log.ts'
import type { Availability } from '../reconcile/ports.ts'
import { type Backoff, backOff, noBackoff } from './backoff.ts'
import type { CallFailure } from './failure.ts'
import { listAll, type Selection } from './list.ts'
import type { ReflectorObserver } from './observers.ts'
import { objectPath, resourceName } from './paths.ts'
import { isBefore } from './resource-version.ts'
import { strip } from './strip.ts'
import type { Transport } from './transport.ts'
import { watchOnce } from './watch.ts'
import {
  afterList,
  afterStream,
  isHollow,
  type ListFrom,
  type NextStep,
  type RelistReason,
  type StreamEnd,
} from './watch-end.ts'
import type { WatchEvent } from './watch-lines.ts'

/** What a reflector tells; in order, never while another call is running. */
export type ReflectorListener = {
  replace(objects: readonly KubeObject[]): void
  upsert(object: KubeObject): void
  remove(object: KubeObject): void
  setAvailability(availability: Availability): void
  /** A list older than one seen before: etcd was restored from a backup (kube:R9). */
  rewound(): void
}

export type ReflectorOptions = {
  readonly selection: Selection
  readonly listener: ReflectorListener
  readonly transport: Transport
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly observer: Omit<ReflectorObserver, 'synced'>
}

const listEveryMs = 5_000
const herdMs = 800

export class Reflector {
  readonly #options: ReflectorOptions
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined
  #lastAttemptMs: number
  #lastListMs = Number.NEGATIVE_INFINITY
  #version = '' // Of the last event, bookmark or list; '' before the first list.
  #toList: { from: ListFrom; reason: RelistReason } | undefined = { from: 'any', reason: 'failed' }
  #wasHollow = false
  #workedForMs = 0
  #backoff: Backoff = noBackoff
  #told: Availability = { state: 'syncing' }
  #endPause: (() => void) | undefined
  #isWakeable = false // True in a pause of backing off; the one between two lists holds whatever happens.

  constructor(options: ReflectorOptions) {
    this.#options = options
    this.#lastAttemptMs = options.clock.monotonicMs()
  }

  get kind(): string {
    return this.#options.selection.kind
  }

  /** Monotonic time of the last attempt to list or watch. */
  get lastAttemptMs(): number {
    return this.#lastAttemptMs
  }

  /** Begins; returns at once. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** Something has changed that makes another attempt worthwhile, such as a CRD: ends the pause, if there is one. */
  wake(): void {
    this.#backoff = noBackoff
    if (this.#isWakeable) this.#endPause?.()
  }

  /** Idempotent; resolves when nothing more will be told and the stream is closed. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#endPause?.()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        const step = await this.#round()
        if (this.#isStopped) return
        this.#take(step)
        await this.#pauseFor(step)
      } catch (error) {
        // A throw of the listener is a defect of ours; what was being told is lost, so everything is told again.
        this.#options.log.error('a reflector failed, which is a bug of Roundsman', {
          kind: this.kind,
          error,
        })
        this.#take({ pause: 'backOff', list: { from: 'newest', reason: 'failed' } })
        await this.#pauseFor({ pause: 'backOff' })
      }
    }
  }

  /** One list, if one is due, and one watch. */
  async #round(): Promise<NextStep> {
    this.#workedForMs = 0
    if (this.#toList !== undefined) {
      const step = await this.#list(this.#toList)
      if (step !== undefined) return step
    }
    const openMs = this.#options.clock.monotonicMs()
    const end = await this.#watch()
    this.#note(end)
    const step = afterStream(end, { hollowBefore: this.#wasHollow })
    this.#wasHollow = isHollow(end)
    if (typeof step.pause !== 'number') return step
    return { ...step, pause: Math.max(0, openMs + step.pause - this.#options.clock.monotonicMs()) }
  }

  async #list({ from, reason }: { from: ListFrom; reason: RelistReason }): Promise<NextStep | undefined> {
    const { transport, selection, clock, observer, listener } = this.#options
    await this.#pause(this.#lastListMs + listEveryMs - clock.monotonicMs())
    if (this.#isStopped) return { pause: 'none' }
    this.#lastListMs = clock.monotonicMs()
    this.#lastAttemptMs = this.#lastListMs
    if (this.#version !== '') observer.relisted(this.kind, reason)
    const { signal } = this.#stopping
    const keep = (object: KubeObject): KubeObject => strip(selection.kind, object)
    const how = {
      from: this.#version === '' && from === 'notOlder' ? 'any' : from,
      version: this.#version,
      signal,
      keep,
    }
    const answer = await listAll(transport, selection, how)
    if (this.#isStopped) return { pause: 'none' }
    if (!answer.ok) {
      this.#fail(answer.failure)
      return afterList(answer.failure, from)
    }
    if (isBefore(answer.value.resourceVersion, this.#version)) this.#rewind()
    listener.replace(answer.value.objects)
    this.#version = answer.value.resourceVersion
    this.#toList = undefined
    this.#wasHollow = false
    observer.eventSeen(this.kind)
    this.#tell({ state: 'synced' })
    return undefined
  }

  async #watch(): Promise<StreamEnd> {
    const { transport, selection, clock, random } = this.#options
    this.#lastAttemptMs = clock.monotonicMs()
    let openedMs: number | undefined
    const end = await watchOnce(transport, selection, {
      version: this.#version,
      timeoutSeconds: 300 + Math.floor(random() * 301),
      signal: this.#stopping.signal,
      clock,
      opened: () => {
        openedMs = clock.monotonicMs()
        this.#tell({ state: 'synced' })
      },
      handle: (event) => this.#handle(event),
    })
    this.#workedForMs = openedMs === undefined ? 0 : clock.monotonicMs() - openedMs
    return end
  }

  async #handle(event: Exclude<WatchEvent, { type: 'ERROR' }>): Promise<StreamEnd | undefined> {
    const { selection, listener, observer } = this.#options
    observer.eventSeen(this.kind)
    if (event.type === 'BOOKMARK') {
      if (!isBefore(event.resourceVersion, this.#version)) this.#version = event.resourceVersion
      return undefined
    }
    const version = event.object.metadata.resourceVersion ?? ''
    // Replayed: a name that was deleted and made anew must not get its old object back.
    if (isBefore(version, this.#version) || version === this.#version) return undefined
    const object = strip(selection.kind, event.object)
    if (event.type !== 'DELETED') listener.upsert(object)
    else if (selection.labelSelector === undefined) listener.remove(object)
    else {
      const failure = await this.#removeIfGone(object)
      if (failure !== undefined) return { kind: 'failed', failure }
    }
    this.#version = version
    return undefined
  }

  /** An object that only lost our label leaves the watch as deleted; it lives, and its change is told (kube:R15). */
  async #removeIfGone(object: KubeObject): Promise<CallFailure | undefined> {
    const { transport, selection, listener } = this.#options
    const { name, namespace = '', uid } = object.metadata
    const question = { verb: 'get', resource: resourceName(selection.kind), namespace, name }
    const path = objectPath({ kind: selection.kind, namespace, name })
    const { signal } = this.#stopping
    const answer = await transport.send({ question, method: 'GET', path, signal })
    if (this.#isStopped) return undefined
    if (!answer.ok && answer.failure.kind !== 'notFound') return answer.failure
    const live = answer.ok ? (answer.value as KubeObject) : undefined
    if (live?.metadata.uid === uid && live !== undefined) listener.upsert(strip(selection.kind, live))
    else listener.remove(object)
    return undefined
  }

  #note(end: StreamEnd): void {
    if (end.kind === 'failed') this.#fail(end.failure)
    else if (end.kind !== 'closed') this.#options.observer.watchFailed(this.kind, end.kind)
  }

  #fail(failure: CallFailure): void {
    if (failure.trouble === 'stopped') return
    const { observer, log } = this.#options
    observer.watchFailed(this.kind, String(failure.status ?? failure.code ?? failure.trouble))
    log.debug('a list or watch failed', { kind: this.kind, reason: failure.message })
  }

  #take(step: NextStep): void {
    if (step.list !== undefined) this.#toList = step.list
    if (step.availability !== undefined) this.#tell(step.availability)
  }

  async #pauseFor({ pause, isUnreachable = false, atLeastMs = 0 }: NextStep): Promise<void> {
    if (pause === 'none') return
    if (typeof pause === 'number') return this.#pause(pause)
    const { random, transport } = this.#options
    const { next, delayMs } = backOff(this.#backoff, { workedForMs: this.#workedForMs, random: random() })
    this.#backoff = next
    let isReachable = false
    const onReachable = (): void => {
      isReachable = true
      this.#endPause?.()
    }
    const forget = isUnreachable ? transport.onReachable(onReachable) : undefined
    this.#isWakeable = true
    await this.#pause(Math.max(delayMs, atLeastMs))
    this.#isWakeable = false
    forget?.()
    // All reflectors wait for the same answer; they do not all come back with it.
    if (isReachable) await this.#pause(random() * herdMs)
  }

  #pause(ms: number): Promise<void> {
    if (ms <= 0 || this.#isStopped) return Promise.resolve()
    return new Promise((resolve) => {
      const end = (): void => {
        cancel()
        this.#endPause = undefined
        resolve()
      }
      const cancel = this.#options.clock.after(ms, end)
      this.#endPause = end
    })
  }

  #rewind(): void {
    const { log, listener } = this.#options
    log.warn('the API server shows an older state than before, as after a restored backup', {
      kind: this.kind,
    })
    listener.rewound()
  }

  #tell(availability: Availability): void {
    const { listener, log } = this.#options
    const isSame =
      availability.state === this.#told.state && messageOf(availability) === messageOf(this.#told)
    if (isSame) return
    this.#told = availability
    if (availability.state === 'forbidden')
      log.warn('a kind cannot be read', { kind: this.kind, reason: availability.message })
    listener.setAvailability(availability)
  }

  get #isStopped(): boolean {
    return this.#stopping.signal.aborted
  }
}

function messageOf(availability: Availability): string {
  return availability.state === 'forbidden' ? availability.message : ''
}

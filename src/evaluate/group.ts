// One group of alerts for one receiver: what is in it, what its receiver was told, and what it must be told next. Knows neither timers
// nor channels; `flushAtMs` is when its dispatcher looks at it again.
import type { Instant } from '../domain/clock.ts'
import { type Told, type WhyTold, whyTold } from '../domain/grouping.ts'
import { mostUrgentFirst } from './alert-order.ts'
import type { Alert } from './ports.ts'

export type GroupMessage = {
  readonly why: WhyTold
  readonly alerts: readonly Alert[] // Critical first, then oldest; never empty.
  readonly repeat: number
  readonly mayBeRepeat: boolean
}

export class Group {
  readonly key: string
  readonly receiver: string
  readonly labels: ReadonlyMap<string, string>
  flushAtMs: number
  isInFlight = false
  isHurried = false // Something changed while its message was on its way: should that fail, it is tried again soon.
  readonly #alerts = new Map<string, Alert>() // By fingerprint.
  readonly #owed = new Set<string>() // Offered as firing, and not delivered.
  #told: Told | undefined
  #repeats = 0
  #failures = 0
  #mayHaveArrived = false

  constructor(options: {
    readonly key: string
    readonly receiver: string
    readonly labels: ReadonlyMap<string, string>
    readonly flushAtMs: number
  }) {
    this.key = options.key
    this.receiver = options.receiver
    this.labels = options.labels
    this.flushAtMs = options.flushAtMs
  }

  get isEmpty(): boolean {
    return this.#alerts.size === 0
  }

  /** Failures in a row; 0 after a delivery. */
  get failures(): number {
    return this.#failures
  }

  alerts(): readonly Alert[] {
    return [...this.#alerts.values()]
  }

  /** The newest state of an alert wins. The end of an alert that the group does not hold is no news. */
  put(alert: Alert): void {
    if (alert.status === 'firing' || this.#alerts.has(alert.fingerprint)) {
      this.#alerts.set(alert.fingerprint, alert)
    }
  }

  /** Forgets an alert altogether, so that it is news when it fires again. */
  drop(fingerprint: string): void {
    this.#alerts.delete(fingerprint)
    this.#owed.delete(fingerprint)
    if (this.#told === undefined) return
    const { firing, resolved, atMs } = this.#told
    this.#told = { firing: without(firing, fingerprint), resolved: without(resolved, fingerprint), atMs }
  }

  /** Ended alerts that could not be told since `before` are dropped; tells how many. Only failing deliveries let one grow that old. */
  expire(before: Instant): number {
    const isOld = ({ endsAt }: Alert) => endsAt !== undefined && endsAt < before
    const expired = this.#failures === 0 ? [] : this.alerts().filter(isOld)
    for (const { fingerprint } of expired) this.drop(fingerprint)
    return expired.length
  }

  /**
   * What the receiver must be told now. Muted alerts are not told: one that still fires is news when the silence is over, one that ended
   * under it is forgotten (Alertmanager would remember it as told, and keep quiet when it fires again within the repeat interval).
   */
  messageAt(options: {
    readonly atMs: number
    readonly repeatMs: number
    readonly isMuted: (alert: Alert) => boolean
  }): GroupMessage | undefined {
    const [muted, audible] = partition(this.alerts(), options.isMuted)
    for (const { fingerprint, status } of muted) if (status === 'resolved') this.drop(fingerprint)
    const [firing, resolved] = partition(audible, ({ status }) => status === 'firing')
    const state = { firing: fingerprints(firing), resolved: fingerprints(resolved), owed: this.#owed }
    const why = whyTold(state, this.#told, options)
    if (why === undefined) {
      for (const { fingerprint } of resolved) this.#alerts.delete(fingerprint) // Nobody needs to hear of it.
      return undefined
    }
    const alerts = audible.toSorted(mostUrgentFirst)
    return {
      why,
      alerts,
      repeat: why === 'repeat' ? this.#repeats + 1 : 0,
      mayBeRepeat: this.#mayHaveArrived,
    }
  }

  delivered({ alerts, repeat }: GroupMessage, atMs: number): void {
    const [firing, resolved] = partition(alerts, ({ status }) => status === 'firing')
    this.#told = { firing: fingerprints(firing), resolved: fingerprints(resolved), atMs }
    this.#repeats = repeat
    this.#failures = 0
    this.#mayHaveArrived = false
    for (const alert of alerts) this.#owed.delete(alert.fingerprint)
    for (const alert of resolved) {
      // It may fire anew by now: then the group holds another value of the same fingerprint.
      if (this.#alerts.get(alert.fingerprint) === alert) this.#alerts.delete(alert.fingerprint)
    }
  }

  failed({ alerts }: GroupMessage, mayHaveArrived: boolean): void {
    this.#failures += 1
    this.#mayHaveArrived ||= mayHaveArrived
    for (const { status, fingerprint } of alerts) if (status === 'firing') this.#owed.add(fingerprint)
  }
}

function fingerprints(alerts: readonly Alert[]): ReadonlySet<string> {
  return new Set(alerts.map(({ fingerprint }) => fingerprint))
}

function without(set: ReadonlySet<string>, left: string): ReadonlySet<string> {
  return new Set([...set].filter((item) => item !== left))
}

function partition<Item>(items: readonly Item[], belongs: (item: Item) => boolean): [Item[], Item[]] {
  const parts: [Item[], Item[]] = [[], []]
  for (const item of items) parts[belongs(item) ? 0 : 1].push(item)
  return parts
}

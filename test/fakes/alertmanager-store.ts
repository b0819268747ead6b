// The silences of one Alertmanager, as its API v2 treats them: what is an update in place, what ends the old one and makes a new one,
// what is refused. e2e/alertmanager.test.ts holds the same table against the real program.
import type { Instant } from '../../src/domain/clock.ts'
import type { RemoteMatcher, RemoteSilence, SilencePost } from '../../src/domain/remote-silence.ts'

export type Reply =
  | { readonly status: 200; readonly silenceID: string }
  | { readonly status: 400 | 404; readonly message: string }

type Stored = Omit<RemoteSilence, 'state' | 'startsAtText'>

export class AlertmanagerStore {
  silencesMax = Number.POSITIVE_INFINITY
  private readonly now: () => Instant
  private stored: ReadonlyMap<string, Stored> = new Map()
  private saved: ReadonlyMap<string, Stored> = new Map()
  private count = 0

  constructor(now: () => Instant) {
    this.now = now
  }

  list(): readonly RemoteSilence[] {
    return [...this.stored.values()].map((silence) => ({
      ...silence,
      state: this.stateOf(silence),
      startsAtText: new Date(silence.startsAt).toISOString(),
    }))
  }

  post(body: SilencePost): Reply {
    const startsAt = Date.parse(body.startsAt)
    const endsAt = Date.parse(body.endsAt)
    if (startsAt >= endsAt) return { status: 400, message: 'start time must be before end time' }
    if (endsAt < this.now()) return { status: 400, message: "end time can't be in the past" }
    const before = body.id === undefined ? undefined : this.stored.get(body.id)
    if (body.id !== undefined && before === undefined) return { status: 404, message: 'silence not found' }
    const { matchers, createdBy, comment, annotations = {} } = body
    const silence = { matchers, startsAt, endsAt, createdBy, comment, annotations }
    if (before !== undefined && this.canUpdate(before, silence)) {
      return this.put({ ...silence, id: before.id })
    }
    if (this.stored.size >= this.silencesMax) {
      return { status: 400, message: `exceeded maximum number of silences: ${this.stored.size}` }
    }
    if (before !== undefined) this.expire(before.id)
    return this.put({ ...silence, id: this.freshId(), startsAt: Math.max(startsAt, this.now()) })
  }

  expire(id: string): Reply {
    const silence = this.stored.get(id)
    if (silence === undefined) return { status: 404, message: 'silence not found' }
    const now = this.now()
    if (this.stateOf(silence) === 'active') this.put({ ...silence, endsAt: now })
    if (this.stateOf(silence) === 'pending') this.put({ ...silence, startsAt: now, endsAt: now })
    return { status: 200, silenceID: id }
  }

  /** As every 15 minutes, and at an orderly end. */
  saveToDisk(): void {
    this.saved = this.stored
  }

  /** `kill -9` and a new start: what was not saved is gone. */
  killAndRestart(): void {
    this.stored = this.saved
  }

  private canUpdate(before: Stored, after: Omit<Stored, 'id'>): boolean {
    if (JSON.stringify(before.matchers.map(canonical)) !== JSON.stringify(after.matchers.map(canonical)))
      return false
    switch (this.stateOf(before)) {
      case 'active':
        return Math.floor(before.startsAt / 1000) === Math.floor(after.startsAt / 1000)
      case 'pending':
        return after.startsAt >= this.now()
      default:
        return false
    }
  }

  private put(silence: Stored): Reply {
    this.stored = new Map([...this.stored, [silence.id, silence]])
    return { status: 200, silenceID: silence.id }
  }

  private stateOf({ startsAt, endsAt }: Stored): RemoteSilence['state'] {
    const now = this.now()
    if (now < startsAt) return 'pending'
    return now < endsAt ? 'active' : 'expired'
  }

  private freshId(): string {
    this.count += 1
    return `00000000-0000-4000-8000-${String(this.count).padStart(12, '0')}`
  }
}

function canonical({ name, value, isRegex, isEqual }: RemoteMatcher): readonly unknown[] {
  return [name, value, isRegex, isEqual]
}

// Which targets this process probes: all of them, from the moment it leads until it sees another one lead. Losing the lease because the
// API server is away must not blind the monitoring (kube:H4); two probers for a moment do no harm.
import type { Leadership, Shard } from '../control/ports.ts'
import type { Clock } from '../domain/clock.ts'

export type Election = Leadership & {
  /** Who leads as far as this process last saw; undefined when nobody does or the last word is too old. */
  leader(): { readonly identity: string } | undefined
}

const lookEveryMs = 1_000

export class LastLeaderShard implements Shard {
  readonly #election: Election
  readonly #identity: string
  readonly #clock: Clock
  readonly #listeners: (() => void)[] = []
  #owns = false
  #cancelLook: () => void = () => {}

  constructor(election: Election, { identity, clock }: { identity: string; clock: Clock }) {
    this.#election = election
    this.#identity = identity
    this.#clock = clock
    election.onChange(() => this.#look())
  }

  owns(): boolean {
    return this.#owns
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  stop(): void {
    this.#cancelLook()
  }

  #look(): void {
    this.#cancelLook()
    const leader = this.#election.leader()
    const isOurs = this.#election.isLeader()
    const isOthers = leader !== undefined && leader.identity !== this.#identity
    // The elector tells only changes of its own; that another leads by now has to be looked for.
    if (this.#owns && !isOurs && !isOthers)
      this.#cancelLook = this.#clock.after(lookEveryMs, () => this.#look())
    this.#change(isOurs || (this.#owns && !isOthers))
  }

  #change(owns: boolean): void {
    if (owns === this.#owns) return
    this.#owns = owns
    for (const listener of this.#listeners) listener()
  }
}

// One Alertmanager cluster as its replicas show it: polled into a cache, written through one sticky replica. The list of silences is the
// union over all replicas that answer, the sticky one's view first; writes of our own count at once.

import type { OutsideAnswer } from '../control/ports.ts'
import type { AlertmanagerAddress } from '../domain/alertmanager-discovery.ts'
import type { Clock, Instant } from '../domain/clock.ts'
import type { Log } from '../domain/log.ts'
import type { RemoteSilence, SilencePost } from '../domain/remote-silence.ts'
import type { AlertmanagerView } from '../reconcile/ports.ts'
import type { AlertmanagerAnswer, AlertmanagerClient } from './alertmanager-client.ts'
import { type Missing, RecentWrites } from './recent-writes.ts'
import { Refusals, refusalOf } from './refusals.ts'
import { ownersOfChanges, recordOf, unionOf } from './silence-list.ts'

export type ClusterOptions = {
  readonly client: AlertmanagerClient
  readonly clock: Clock
  readonly log: Log
  /** UIDs of the Silences whose records differ from what was last told; all when everything may be different. */
  readonly onChange: (uids: ReadonlySet<string> | 'all') => void
}

/** A list at least this often: state that was lost is found and restored within 60 s. */
const everyMs = 30_000
/** Sooner while something is wrong or a write of ours is not shown yet. */
const soonMs = 5_000
/** The version changes with a restart, which is mostly seen as a failed list. */
const versionEveryMs = 300_000

export class AlertmanagerCluster {
  readonly name: string
  readonly #options: ClusterOptions
  readonly #writes = new RecentWrites()
  readonly #refusals = new Refusals()
  #urls: readonly string[]
  #sticky: string | undefined // The replica that reads and writes go to, until it fails.
  #version: { readonly text: string; readonly askedAtMs: number } | undefined
  #list: { readonly silences: readonly RemoteSilence[]; readonly observedAt: Instant } | undefined
  #problem: AlertmanagerView['problem']
  #told: ReadonlyMap<string, RemoteSilence> = new Map()
  #polling: Promise<void> | undefined
  #isAgain = false // A list was asked for while one was under way, which may have missed what the asker wants to see.
  #disarm: (() => void) | undefined
  /** Writes whose outcome nobody knows. A list that was asked for before the last of them says nothing about it. */
  #doubts = 0
  #isStopped = false

  constructor({ name, urls }: AlertmanagerAddress, options: ClusterOptions) {
    this.name = name
    this.#urls = urls
    this.#options = options
  }

  start(): void {
    this.refresh()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#disarm?.()
    await this.#polling
  }

  setUrls(urls: readonly string[]): void {
    if (urls.join() === this.#urls.join()) return
    this.#urls = urls
    this.refresh()
  }

  view(): AlertmanagerView {
    return {
      name: this.name,
      ...(this.#version === undefined ? {} : { version: this.#version.text }),
      ...(this.#list === undefined
        ? {}
        : { silences: this.#writes.over(this.#list.silences), observedAt: this.#list.observedAt }),
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    }
  }

  refusal(owner: string): { readonly message: string; readonly permanent: boolean } | undefined {
    return this.#refusals.of(owner)
  }

  /** Lists now; when a list is under way, once more after it. */
  refresh(): void {
    if (this.#isStopped) return
    if (this.#polling !== undefined) {
      this.#isAgain = true
      return
    }
    this.#disarm?.()
    this.#polling = this.#poll().finally(() => {
      this.#polling = undefined
      this.#armNext()
    })
  }

  async postSilence(owner: string, silence: SilencePost): Promise<OutsideAnswer> {
    const url = this.#stickyUrl()
    if (url === undefined) return this.#nowhere()
    const answer = await this.#options.client.postSilence(url, silence)
    if (answer.kind === 'ok') {
      this.#refusals.forget(owner)
      const made = recordOf(silence, answer.value, this.#options.clock.now())
      this.#writes.noteMade(made, {
        owner,
        ...(silence.id === undefined ? {} : { replacedID: silence.id }),
        nowMs: this.#options.clock.monotonicMs(),
      })
      this.#tellChanges()
    }
    return this.#outcomeOf(answer, owner)
  }

  async expireSilence(silenceID: string): Promise<OutsideAnswer> {
    const url = this.#stickyUrl()
    if (url === undefined) return this.#nowhere()
    const answer = await this.#options.client.expireSilence(url, silenceID)
    const isGone = answer.kind === 'refused' && answer.status === 404
    if (answer.kind === 'ok' || isGone) {
      this.#writes.noteEnded(silenceID, this.#options.clock.monotonicMs())
      this.#tellChanges()
    }
    return this.#outcomeOf(isGone ? { kind: 'ok', value: undefined } : answer)
  }

  /** Whatever came of a write, the list is asked for at once; when its outcome is not known, nothing is decided before that. */
  #outcomeOf(answer: AlertmanagerAnswer<unknown>, owner?: string): OutsideAnswer {
    this.refresh()
    if (answer.kind === 'ok') return { ok: true }
    if (answer.kind === 'unreachable') {
      this.#doubts += 1
      this.#fail({ reason: 'AlertmanagerUnreachable', message: answer.message })
      return { ok: false, permanent: false, message: this.#sentence(answer.message) }
    }
    const refusal = refusalOf(answer)
    if (owner !== undefined) this.#refusals.note(owner, refusal, this.#options.clock.monotonicMs())
    return { ok: false, permanent: refusal.permanent, message: this.#sentence(refusal.message) }
  }

  async #poll(): Promise<void> {
    do {
      this.#isAgain = false
      await this.#listAll()
    } while (this.#isAgain && !this.#isStopped)
  }

  async #listAll(): Promise<void> {
    const { client, clock } = this.#options
    const askedAtMs = clock.monotonicMs()
    const observedAt = clock.now()
    const doubts = this.#doubts
    const urls = this.#urls.toSorted((a, b) => Number(b === this.#sticky) - Number(a === this.#sticky))
    const answers = await Promise.all(urls.map((url) => client.listSilences(url)))
    if (this.#isStopped) return
    const first = answers.findIndex((answer) => answer.kind === 'ok')
    if (first === -1) return this.#fail(failureOf(answers))
    await this.#adopt(urls[first] ?? '')
    if (doubts !== this.#doubts) return // The next list is asked for already.
    const silences = unionOf(answers.flatMap((answer) => (answer.kind === 'ok' ? [answer.value] : [])))
    const missing = this.#writes.confirm(silences, askedAtMs, clock.monotonicMs())
    const hadProblem = this.#problem !== undefined
    const isFirst = this.#list === undefined // Whoever has nothing in it was told "not known yet" before.
    this.#problem = undefined
    this.#list = { silences, observedAt }
    for (const one of missing) this.#noteMissing(one)
    const areRefusalsOver = this.#refusals.dropOld(clock.monotonicMs())
    if (hadProblem) this.#options.log.info('Alertmanager answers again', { alertmanager: this.name })
    if (isFirst || hadProblem || areRefusalsOver || missing.length > 0) this.#tellAll()
    else this.#tellChanges()
  }

  /** Reads and writes go to this replica from now on; its version is asked for when it is another one, or now and then. */
  async #adopt(url: string): Promise<void> {
    const { client, clock } = this.#options
    const isKnown = this.#version !== undefined && url === this.#sticky && this.#problem === undefined
    this.#sticky = url
    if (isKnown && clock.monotonicMs() - (this.#version?.askedAtMs ?? 0) < versionEveryMs) return
    const askedAtMs = clock.monotonicMs()
    const answer = await client.version(url)
    if (answer.kind === 'ok') this.#version = { text: answer.value, askedAtMs }
  }

  #fail(problem: {
    readonly reason: NonNullable<AlertmanagerView['problem']>['reason']
    readonly message: string
  }): void {
    const isNew = this.#problem === undefined
    const since = this.#problem?.since ?? this.#options.clock.now()
    this.#problem = { since, ...problem }
    this.#writes.forget()
    if (!isNew) return
    this.#options.log.warn('Alertmanager does not answer', { alertmanager: this.name, ...problem })
    this.#tellAll()
  }

  #stickyUrl(): string | undefined {
    return this.#urls.find((url) => url === this.#sticky) ?? this.#urls[0]
  }

  #nowhere(): OutsideAnswer {
    return { ok: false, permanent: false, message: this.#sentence(noReplica) }
  }

  #sentence(message: string): string {
    return `Alertmanager ${this.name}: ${message}`
  }

  /** Another POST might be a second silence: it waits until the list shows the first, or must have lost it. */
  #noteMissing({ silenceID, owner }: Missing): void {
    const message = 'it took the silence and does not list it; its replicas may not reach each other'
    this.#refusals.note(owner, { permanent: false, message }, this.#options.clock.monotonicMs())
    this.#options.log.warn('Alertmanager took a silence and does not list it', {
      alertmanager: this.name,
      silenceID,
    })
  }

  #tellAll(): void {
    if (this.#isStopped) return
    this.#told = this.#byId()
    this.#options.onChange('all')
  }

  /** Only the Silences whose own records differ: one list must not make five hundred decisions. */
  #tellChanges(): void {
    if (this.#isStopped) return
    const now = this.#byId()
    const uids = ownersOfChanges(this.#told, now)
    this.#told = now
    if (uids.size > 0) this.#options.onChange(uids)
  }

  #byId(): ReadonlyMap<string, RemoteSilence> {
    return new Map((this.view().silences ?? []).map((silence) => [silence.id, silence]))
  }

  #armNext(): void {
    if (this.#isStopped) return
    const isUneasy = this.#problem !== undefined || this.#writes.isAwaiting
    this.#disarm = this.#options.clock.after(isUneasy ? soonMs : everyMs, () => this.refresh())
  }
}

const noReplica = 'no replica is ready'

function failureOf(answers: readonly AlertmanagerAnswer<unknown>[]): {
  readonly reason: 'AlertmanagerUnreachable' | 'AlertmanagerRefused'
  readonly message: string
} {
  const refused = answers.find((answer) => answer.kind === 'refused')
  if (refused !== undefined) return { reason: 'AlertmanagerRefused', message: refused.message }
  const unreachable = answers.find((answer) => answer.kind === 'unreachable')
  return { reason: 'AlertmanagerUnreachable', message: unreachable?.message ?? noReplica }
}

// What an Alertmanager refused, and for how long that is to be believed.
import type { AlertmanagerAnswer } from './alertmanager-client.ts'

export type Refusal = { readonly message: string; readonly permanent: boolean }

/** Terminal faults are looked at again after this long: somebody may have mended the Alertmanager instead of the spec. */
const believedMs = 5 * 60_000

export class Refusals {
  readonly #byOwner = new Map<string, Refusal & { readonly untilMs: number }>()

  note(owner: string, refusal: Refusal, nowMs: number): void {
    this.#byOwner.set(owner, { ...refusal, untilMs: nowMs + believedMs })
  }

  forget(owner: string): void {
    this.#byOwner.delete(owner)
  }

  of(owner: string): Refusal | undefined {
    const refusal = this.#byOwner.get(owner)
    return refusal === undefined ? undefined : { message: refusal.message, permanent: refusal.permanent }
  }

  /** Whether any was dropped: those whose time is over. */
  dropOld(nowMs: number): boolean {
    const old = [...this.#byOwner].filter(([, refusal]) => refusal.untilMs <= nowMs)
    for (const [owner] of old) this.#byOwner.delete(owner)
    return old.length > 0
  }
}

/** What a refused write means: whether it can go through later without anybody changing anything. */
export function refusalOf(answer: Extract<AlertmanagerAnswer<unknown>, { kind: 'refused' }>): Refusal {
  const { status, message } = answer
  if (status === 401 || status === 403) {
    return { permanent: true, message: `Roundsman is not let in: ${message}; check the credentials` }
  }
  const isClientFault = status >= 400 && status < 500 && status !== 404 && status !== 408 && status !== 429
  return { permanent: isClientFault && !isSilenceLimit(message), message }
}

/**
 * Alertmanager has one status for a wrong silence and for too many of them, so here alone its text decides: with too many, a slot
 * becomes free by itself. Where the text is another one, the silence counts as wrong and is tried again after 5 minutes.
 */
function isSilenceLimit(message: string): boolean {
  return message.includes('exceeded maximum number of silences')
}

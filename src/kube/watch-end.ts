// What a reflector does next when a list failed or a watch ended: the table of kube:R11 as a function. Pure.
import type { Availability } from '../reconcile/ports.ts'
import type { CallFailure } from './failure.ts'

/** From where a list may be answered: any cache however old, one not older than what was seen, or only from etcd. */
export type ListFrom = 'any' | 'notOlder' | 'newest'

export type StreamEnd =
  | { readonly kind: 'closed'; readonly lastedMs: number; readonly items: number } // In order, by the API server.
  | { readonly kind: 'silent' } // No byte for so long that a proxy on the way may have forgotten it.
  | { readonly kind: 'overdue' } // Past the time it was asked to end at.
  | { readonly kind: 'malformed' } // An unreadable line: what it said is lost.
  | { readonly kind: 'failed'; readonly failure: CallFailure } // Not opened, reset, or ended by an ERROR event.

export type RelistReason = 'expired' | 'tooNew' | 'malformed' | 'hollow' | 'served' | 'failed'

export type NextStep = {
  /** Absent: watch on from the same version. */
  readonly list?: { readonly from: ListFrom; readonly reason: RelistReason }
  /** `backOff`: by backoff.ts; a number: at most so soon after the stream was opened, in milliseconds. */
  readonly pause: 'none' | 'backOff' | number
  /** What the API server asked to wait at least, beside the back-off, in milliseconds. */
  readonly atLeastMs?: number
  /** What to tell of the kind until it is read again. */
  readonly availability?: Availability
  /** True: there was no answer. When that is because the API server is away, its first answer to any call ends the pause. */
  readonly isUnreachable?: boolean
}

const hollowMs = 1_000

/** `hollowBefore`: whether the stream before this one was closed at once without an item, too. */
export function afterStream(end: StreamEnd, { hollowBefore }: { hollowBefore: boolean }): NextStep {
  switch (end.kind) {
    case 'closed':
      if (!isHollow(end)) return { pause: end.lastedMs < hollowMs ? hollowMs : 'none' }
      // Twice in a row: the version itself may be what the server cannot serve (fabric8io/kubernetes-client#7896).
      return hollowBefore
        ? { pause: 'backOff', list: { from: 'newest', reason: 'hollow' } }
        : { pause: 'backOff' }
    case 'silent':
    case 'overdue':
      return { pause: 'none' }
    case 'malformed':
      return { pause: 'backOff', list: { from: 'notOlder', reason: 'malformed' } }
    case 'failed':
      return afterFailure(end.failure)
    default:
      return end satisfies never
  }
}

/** A list that failed is tried again from `from`, or from etcd when that is what the failure asks for. */
export function afterList(failure: CallFailure, from: ListFrom): NextStep {
  const step = afterFailure(failure)
  return step.list === undefined ? { ...step, list: { from, reason: 'failed' } } : step
}

export function isHollow(end: StreamEnd): boolean {
  return end.kind === 'closed' && end.items === 0 && end.lastedMs < hollowMs
}

function afterFailure(failure: CallFailure): NextStep {
  switch (failure.trouble) {
    case 'expired':
      return { pause: 'none', list: { from: 'newest', reason: 'expired' } }
    case 'tooNew':
      return { pause: 'none', list: { from: 'newest', reason: 'tooNew' } }
    case 'malformed':
      return { pause: 'backOff', list: { from: 'notOlder', reason: 'malformed' } }
    case 'unauthorized':
      return { pause: 'backOff', availability: { state: 'forbidden', message: failure.message } }
    case 'refused':
      return afterRefusal(failure)
    case 'network':
      return { pause: 'backOff', isUnreachable: true }
    case 'overloaded':
    case 'broken':
      return failure.retryAfterMs === undefined
        ? { pause: 'backOff' }
        : { pause: 'backOff', atLeastMs: failure.retryAfterMs }
    case 'stopped':
      // The connections are closed and the reflector is not stopped yet: at once it would be told so again, without end or turn of the loop.
      return { pause: 'backOff' }
    default:
      return failure.trouble satisfies never
  }
}

function afterRefusal({ kind, message }: CallFailure): NextStep {
  if (kind === 'notServed' || kind === 'notFound') {
    // When it is served again, its objects are others: only a list tells.
    return {
      pause: 'backOff',
      availability: { state: 'notServed' },
      list: { from: 'newest', reason: 'served' },
    }
  }
  if (kind === 'forbidden') return { pause: 'backOff', availability: { state: 'forbidden', message } }
  // The request itself is not taken: perhaps its version.
  return {
    pause: 'backOff',
    availability: { state: 'forbidden', message },
    list: { from: 'newest', reason: 'failed' },
  }
}

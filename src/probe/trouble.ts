// What stops an attempt. Thrown inside this folder only, and turned into an outcome in one place (classify.ts).
import type { ProbeReason } from '../api/v1alpha1/reasons.ts'
import type { SkipCause } from '../domain/probe-entry.ts'

/** Something that is already understood: its reason and its sentence are known where it was seen. */
export class Trouble extends Error {
  readonly reason: ProbeReason

  constructor(reason: ProbeReason, message: string, cause?: unknown) {
    super(message, { cause })
    this.reason = reason
  }
}

/** The peer ended the connection in good order before it had said all. */
export class PeerClosed extends Error {}

/** The one deadline over all phases is over. */
export class DeadlineReached extends Error {}

/** The target was deleted or changed, or the worker stops: there is no outcome. */
export class Withdrawn extends Error {}

/** A bound was full for too long: the slot passes without an outcome. */
export class SlotSkipped extends Error {
  readonly skipCause: SkipCause

  constructor(skipCause: SkipCause) {
    super(`slot skipped: ${skipCause}`)
    this.skipCause = skipCause
  }
}

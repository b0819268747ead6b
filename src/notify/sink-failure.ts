// Why a sink could not be reached or did not accept, thrown inside a channel and turned into the attempt's result at its edge.
import type { Attempt } from './ports.ts'
import type { FailureReason } from './reasons.ts'

type Details = { readonly retryAfterMs?: number; readonly mayHaveArrived?: boolean; readonly cause?: unknown }

export class SinkFailure extends Error {
  override readonly name = 'SinkFailure'
  readonly reason: FailureReason
  readonly details: Details

  /** `message` is a sentence for people that names the host at most: never a path, a query or a credential. */
  constructor(reason: FailureReason, message: string, details: Details = {}) {
    super(message, { cause: details.cause })
    this.reason = reason
    this.details = details
  }

  toAttempt(): Attempt {
    const { retryAfterMs, mayHaveArrived } = this.details
    return {
      result: 'failed',
      reason: this.reason,
      message: this.message,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(mayHaveArrived !== undefined && { mayHaveArrived }),
    }
  }
}

// What one probe found: ok, failed or unknown, with an enumerated reason. The reason fixes the kind; see probing.md section 1.
import type { ProberReason, TargetReason } from '../api/v1alpha1/reasons.ts'
import type { Instant } from './clock.ts'

export const phaseNames = ['resolve', 'connect', 'tls', 'processing', 'transfer'] as const

/** Seconds spent in each phase that was reached. Absent, never 0, when the phase was not reached. Summed over redirect hops. */
export type Phases = {
  readonly resolve?: number
  readonly connect?: number
  readonly tls?: number
  readonly processing?: number
  readonly transfer?: number
}

export type HttpFacts = {
  readonly statusCode: number // 0 without an answer.
  readonly version: number // 1.1, 2; 0 without an answer.
  readonly redirects: number
  readonly ssl: boolean // Whether the last hop spoke TLS.
  readonly contentLength?: number // -1 if chunked; absent without an answer.
  readonly uncompressedBodyLength?: number // The cap, when the body was over it.
  readonly lastModified?: number // Seconds since the epoch; absent when the header is missing or cannot be read.
  readonly failedDueToRegex: boolean
}

export type TlsFacts = {
  readonly version: string // as OpenSSL names it, e.g. 'TLSv1.3'.
  readonly cipher: string // IANA name.
  readonly verifyResult: string // 'OK' or the OpenSSL verify code, e.g. 'CERT_HAS_EXPIRED'.
  readonly earliestExpiry?: number // Seconds since the epoch, over the certificates that were sent.
  readonly leafExpiry?: number
  readonly chain?: VerifiedChain // Only when the chain leads to a trusted authority.
}

export type VerifiedChain = {
  readonly expiry: number // Seconds since the epoch: the earliest of the whole chain, its root included.
  readonly fingerprintSha256: string // Of the leaf, as are the following; hexadecimal.
  readonly subject: string
  readonly issuer: string
  readonly subjectAlternative: string
  readonly serialNumber: string
}

export type Facts = {
  readonly address?: string // `ip:port` that was dialled; absent when no address was chosen.
  readonly ipVersion?: 4 | 6
  readonly startedAt: Instant
  readonly durationSeconds: number
  readonly phases: Phases
  readonly attempts: number
  readonly measurementDegraded: boolean
  readonly http?: HttpFacts
  readonly tls?: TlsFacts
  readonly message: string // One sentence for people; see style.md section 11.
}

export type Outcome = Facts &
  (
    | { readonly kind: 'ok'; readonly soft?: 'AssertionLatency' } // All assertions held; soft: beyond the limit for "degraded".
    | { readonly kind: 'failed'; readonly reason: TargetReason }
    | { readonly kind: 'unknown'; readonly reason: ProberReason }
  )

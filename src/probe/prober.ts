// What a probe type has to offer, and what an attempt may use. A new type is a file that exports a Prober and one line in the registry.
import type { SecureContext } from 'node:tls'
import type { ProberReason, TargetReason } from '../api/v1alpha1/reasons.ts'
import type { HttpFacts, TlsFacts } from '../domain/outcome.ts'
import type { AddressChecks } from './address-checks.ts'
import type { AddressGate } from './address-gate.ts'
import type { CertificateMemory } from './certificate-memory.ts'
import type { HandshakePermits } from './handshake-permits.ts'
import type { PhaseTimer } from './phases.ts'
import type { NameResolver, ResolvedAddress } from './resolver.ts'

export type Prober<Spec extends { readonly type: string }> = {
  readonly type: Spec['type']
  /** Once for each entry: compiles what can be compiled. Never throws for what stands in a spec. */
  prepare(spec: Spec): Prepared
}

export type Prepared =
  | { readonly ok: true; readonly attempt: Attempt }
  | { readonly ok: false; readonly message: string } // The spec cannot run: outcome ConfigInvalid.

/**
 * One try on the wire. Writes what it learns into `notes` as it goes, so that a failure half-way keeps it. Rejects with whatever stopped
 * it (classify.ts knows them); closes what it opened.
 */
export type Attempt = (run: AttemptRun) => Promise<Finding>

export type AttemptRun = {
  readonly signal: AbortSignal // Aborted at the deadline, or when there shall be no outcome.
  readonly timer: PhaseTimer
  readonly notes: Notes
  readonly around: Surroundings
}

export type Notes = {
  address?: ResolvedAddress & { readonly port: number } // The last that was dialled.
  http?: HttpFacts
  tls?: TlsFacts
}

/** `message` says what was expected, what was got and from where; how long it took is added by the runner. */
export type Finding =
  | { readonly kind: 'ok'; readonly message: string }
  | { readonly kind: 'failed'; readonly reason: TargetReason; readonly message: string }
  | { readonly kind: 'unknown'; readonly reason: ProberReason; readonly message: string }

/** Shared by all attempts of one worker. */
export type Surroundings = {
  readonly resolver: NameResolver
  readonly checks: AddressChecks
  readonly addresses: AddressGate
  readonly handshakes: HandshakePermits
  readonly tlsContext: SecureContext
  readonly certificates: CertificateMemory
}

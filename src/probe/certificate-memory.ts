// Remembers what is known of certificates that were seen before: reading a chain costs a fifth of a handshake, and a server shows the same
// one for weeks. Whether the chain is good now is not remembered: every handshake verifies it anew.
import type { Clock } from '../domain/clock.ts'
import type { Handshake } from './connection.ts'
import { type ChainFacts, chainFactsOf, judgeTls, type TlsFault } from './tls-judgement.ts'

/** A server may send other issuers with the same leaf: what is older is read again. */
const keptForMs = 600_000
/** More targets than that behind different certificates only read more often. */
const keptMax = 4096

type Known = {
  readonly readAtMs: number
  readonly facts: ChainFacts
  readonly faults: Map<string, TlsFault | undefined> // By the name that was wanted.
}

export class CertificateMemory {
  readonly #clock: Clock
  readonly #known = new Map<string, Known>() // By fingerprint of the leaf and fault of the chain.

  constructor(clock: Clock) {
    this.#clock = clock
  }

  factsOf(handshake: Handshake): ChainFacts {
    return this.#of(handshake).facts
  }

  /** What is wrong with it for somebody who wanted `name`; undefined when nothing is. */
  faultOf(handshake: Handshake, name: string): TlsFault | undefined {
    const { faults } = this.#of(handshake)
    if (!faults.has(name)) faults.set(name, judgeTls(handshake.leaf, handshake.chainFault, name))
    return faults.get(name)
  }

  #of({ leaf, chainFault, readChain }: Handshake): Known {
    const key = `${leaf.fingerprint256} ${chainFault ?? ''}`
    const nowMs = this.#clock.monotonicMs()
    const seen = this.#known.get(key)
    if (seen !== undefined && nowMs - seen.readAtMs < keptForMs) return seen
    const known: Known = { readAtMs: nowMs, facts: chainFactsOf(readChain(), chainFault), faults: new Map() }
    if (this.#known.size >= keptMax) this.#known.clear()
    this.#known.set(key, known)
    return known
  }
}

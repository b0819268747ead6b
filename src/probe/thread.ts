// Everything that probes in one thread, put together. The worker and a single probe from the command line use the same.
import { createSecureContext } from 'node:tls'
import type { Clock } from '../domain/clock.ts'
import { AddressChecks } from './address-checks.ts'
import { AddressGate } from './address-gate.ts'
import { CertificateMemory } from './certificate-memory.ts'
import { HandshakePermits } from './handshake-permits.ts'
import { LagSampler } from './lag-sampler.ts'
import { NameResolver } from './resolver.ts'
import { parseHosts, parseResolverConfiguration, watchedFile } from './resolver-files.ts'
import { type DefectReporter, ProbeRunner } from './runner.ts'
import type { ProbeSettings } from './settings.ts'
import { Timers } from './timers.ts'

export type ProbeThread = {
  readonly timers: Timers
  readonly runner: ProbeRunner
  /** Nothing keeps the thread alive after it. Probes in flight must have ended. */
  close(): void
}

export function createProbeThread(
  settings: ProbeSettings,
  clock: Clock,
  onDefect: DefectReporter,
): ProbeThread {
  const timers = new Timers(clock)
  const lag = new LagSampler(clock, timers)
  const resolver = new NameResolver(
    {
      hosts: watchedFile(settings.hostsFile, parseHosts, clock),
      configuration: watchedFile(settings.resolverFile, parseResolverConfiguration, clock),
    },
    settings.nameServers,
  )
  const around = {
    resolver,
    checks: new AddressChecks(settings.addressPolicy),
    addresses: new AddressGate(
      timers,
      settings.perAddressMax === undefined ? {} : { limit: settings.perAddressMax },
    ),
    handshakes: new HandshakePermits(timers),
    tlsContext: secureContext(settings.certificateAuthorities),
    certificates: new CertificateMemory(clock),
  }
  lag.start()
  return {
    timers,
    runner: new ProbeRunner({ clock, timers, lag, around, onDefect }),
    close() {
      lag.stop()
      timers.clear()
      resolver.close()
    },
  }
}

/**
 * Without the hybrid post-quantum group that OpenSSL offers first: its key share makes the greeting longer than a packet, which old
 * middleboxes swallow, and costs a tenth of a handshake. What a probe says is not worth recording for decades.
 */
const keyAgreements = 'X25519:P-256:P-384:P-521'

// Made once: reading the authorities costs more than a handshake.
function secureContext(authorities: readonly string[] | undefined) {
  return createSecureContext({
    minVersion: 'TLSv1.2',
    ecdhCurve: keyAgreements,
    ...(authorities === undefined ? {} : { ca: [...authorities] }),
  })
}

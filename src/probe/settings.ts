// What a thread needs to know to probe: plain data, it crosses the thread boundary.
import type { AddressPolicy } from '../domain/address-policy.ts'

export type ProbeSettings = {
  readonly addressPolicy: AddressPolicy
  readonly hostsFile: string // '/etc/hosts'
  readonly resolverFile: string // '/etc/resolv.conf'
  /** `ip` or `ip:port`; they replace those of the resolver file. */
  readonly nameServers?: readonly string[]
  /** PEM texts; they replace the authorities that Node brings along. */
  readonly certificateAuthorities?: readonly string[]
  /** Probes in flight in one worker; must exceed targets x timeout / interval. Default 4,096. */
  readonly inFlightMax?: number
  /** Probes in flight to one address and port. Default 8. */
  readonly perAddressMax?: number
}

// What a probe thread must know of this machine.
import type { AddressPolicy } from '../domain/address-policy.ts'
import type { ProbeSettings } from '../probe/settings.ts'

export function probeSettings(addressPolicy: AddressPolicy): ProbeSettings {
  return { addressPolicy, hostsFile: '/etc/hosts', resolverFile: '/etc/resolv.conf' }
}

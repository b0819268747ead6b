// The network of the suite: a namespace of its own in which loopback carries a documentation range. Every program that plays a pod gets
// an address of it, since EndpointSlices and Roundsman's own address policy refuse 127.0.0.0/8. Nothing leaves the namespace.
import { spawnSync } from 'node:child_process'
import { appendFileSync, statSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'

/** The first address of the range (RFC 5737), held by the suite itself; with this prefix Linux takes the whole range as local. */
export const ownAddress = '198.51.100.1'
const prefixLength = 24

// When the first process of a process namespace ends, the kernel ends all others: nothing outlives the suite, however it ends.
const ownProcesses = ['--pid', '--fork', '--mount-proc', '--kill-child']
const ownNetwork = {
  flags: ['--net'],
  setUp: `ip link set lo up && ip address add ${ownAddress}/${prefixLength} dev lo`,
}
const hostNetwork = { flags: [], setUp: 'true' }

export type Command = { readonly command: string; readonly args: readonly string[] }

/**
 * Wraps a command so that it runs in namespaces of its own, with a network of its own or with that of the machine.
 * Throws one sentence when this machine gives none.
 */
export function isolated({ command, args }: Command, network: 'own' | 'host'): Command {
  const { flags, setUp } = network === 'own' ? ownNetwork : hostNetwork
  // By root at once; by anybody else through a user namespace.
  for (const rights of [[], ['--map-root-user']]) {
    const unshare = [...rights, ...flags, ...ownProcesses]
    const trial = spawnSync('unshare', [...unshare, 'sh', '-c', setUp], { stdio: 'ignore' })
    if (trial.status === 0) {
      // The shell stays as the first process: it collects orphans, and passes on the exit status.
      const script = `${setUp} && { "$@"; exit $?; }`
      return { command: 'unshare', args: [...unshare, 'sh', '-c', script, 'sh', command, ...args] }
    }
  }
  throw new Error(
    'the end-to-end suite runs in network and process namespaces of its own, which `unshare` does not give here; ' +
      'install util-linux and iproute2, and run it as root or allow user namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns=0)',
  )
}

/** Throws one sentence unless this process can listen on the range: outside a namespace somebody must have given it to loopback. */
export function assertRangeIsLocal(): void {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  if (!addresses.some(({ address }) => address === ownAddress)) {
    throw new Error(
      `the suite's programs listen on ${ownAddress}/${prefixLength}, which this machine does not have; ` +
        `give it to loopback: sudo ip address add ${ownAddress}/${prefixLength} dev lo`,
    )
  }
}

/** An address of the range that nothing else of this run has had; test files take turns, so a file's length will do as a counter. */
export function allocateAddress(runFolder: string): string {
  const counter = join(runFolder, 'addresses')
  appendFileSync(counter, '.')
  const used = statSync(counter).size
  const host = 2 + ((used - 1) % 253) // 2 to 254, then again from the start: by then the first are free.
  return `${ownAddress.slice(0, ownAddress.lastIndexOf('.'))}.${host}`
}

// From where to connect to an open connection: resolve, check every answer against the address policy, keep to the bounds, connect to
// the checked address. The one way a probe reaches the network.
import { mayResolve } from '../domain/address-policy.ts'
import { endpointText } from '../domain/host.ts'
import type { Dial } from '../domain/probe-entry.ts'
import { Connection } from './connection.ts'
import type { AttemptRun } from './prober.ts'
import type { ResolvedAddress } from './resolver.ts'
import { Trouble } from './trouble.ts'

export type DenialReason = 'PolicyDenied' | 'HttpRedirectDenied'

/** Opens, lets `use` work with the connection, and closes it however that ended. `denial` is the reason when policy refuses. */
export async function withConnection<Value>(
  run: AttemptRun,
  { dial, denial = 'PolicyDenied' }: { readonly dial: Dial; readonly denial?: DenialReason },
  use: (connection: Connection) => Promise<Value>,
): Promise<Value> {
  const address = { ...(await chooseAddress(run, dial, denial)), port: dial.port }
  run.notes.address = address
  const leave = await enterGate(run, endpointText(address.ip, address.port))
  try {
    run.timer.enter('connect')
    const connection = new Connection(address, run.signal)
    try {
      await connection.opened()
      return await use(connection)
    } finally {
      connection.close()
    }
  } finally {
    leave()
  }
}

async function chooseAddress(run: AttemptRun, dial: Dial, denial: DenialReason): Promise<ResolvedAddress> {
  const host = run.around.checks.hostOf(dial.by === 'address' ? dial.ip : dial.host)
  if (host === undefined) throw new Trouble('ConfigInvalid', 'the host is neither a name nor an address')
  const addresses = host.kind === 'ip' ? [host] : await resolveName(run, { name: host.name, dial, denial })
  // One refused answer refuses the name: else a mixed answer would be a lottery.
  const [first] = addresses
  if (first === undefined || !addresses.every(({ ip }) => run.around.checks.mayDial(ip, dial.port))) {
    throw denied(run, denial)
  }
  return { ip: first.ip, family: first.family }
}

async function resolveName(
  run: AttemptRun,
  { name, dial, denial }: { readonly name: string; readonly dial: Dial; readonly denial: DenialReason },
): Promise<readonly ResolvedAddress[]> {
  if (!mayResolve(name)) throw denied(run, denial)
  run.timer.enter('resolve')
  const { searchDomains } = dial
  return await run.around.resolver.resolve({
    name,
    signal: run.signal,
    ...(searchDomains === undefined ? {} : { searchDomains }),
  })
}

// One uniform sentence without address or timing: a denial must not tell what stands behind it.
function denied({ timer, notes }: AttemptRun, reason: DenialReason): Trouble {
  timer.forget()
  if (reason === 'PolicyDenied') delete notes.address
  return new Trouble(
    reason,
    reason === 'PolicyDenied'
      ? 'the address policy does not let this address be probed'
      : 'a redirect leads to where the address policy does not let a probe go',
  )
}

async function enterGate({ timer, around, signal }: AttemptRun, endpoint: string): Promise<() => void> {
  if (around.addresses.isFull(endpoint)) timer.enter('waiting')
  return await around.addresses.enter(endpoint, signal)
}

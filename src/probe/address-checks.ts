// Reads hosts and asks the address policy, remembering the answers: both depend on nothing but their text, and a prober asks for the same
// few every interval.
import { type AddressPolicy, mayDial } from '../domain/address-policy.ts'
import { type Host, parseHost } from '../domain/host.ts'

/** Names and addresses come from outside: what is more is only computed again. */
const keptMax = 16_384

export class AddressChecks {
  readonly #policy: AddressPolicy
  readonly #hosts = new Map<string, Host | undefined>()
  readonly #verdicts = new Map<string, boolean>() // By `port ip`.

  constructor(policy: AddressPolicy) {
    this.#policy = policy
  }

  hostOf(text: string): Host | undefined {
    return remembered(this.#hosts, text, () => parseHost(text))
  }

  mayDial(ip: string, port: number): boolean {
    return remembered(this.#verdicts, `${port} ${ip}`, () => mayDial(this.#policy, ip, port))
  }
}

function remembered<Value>(memory: Map<string, Value>, key: string, compute: () => Value): Value {
  if (memory.has(key)) return memory.get(key) as Value
  if (memory.size >= keptMax) memory.clear()
  const value = compute()
  memory.set(key, value)
  return value
}

// Which cluster this is: the UID of namespace kube-system, which lives as long as the cluster. Needs the right to `get` that one name.
import type { Answer } from '../control/ports.ts'
import type { Clock } from '../domain/clock.ts'
import { type Backoff, backOff, noBackoff } from './backoff.ts'
import { objectPath } from './paths.ts'
import type { Transport } from './transport.ts'

const patienceMs = 120_000

/** Tries for two minutes while the API server does not answer; any refusal is told at once. */
export async function readClusterId(
  transport: Pick<Transport, 'send'>,
  { clock, random }: { clock: Clock; random: () => number },
): Promise<Answer<string>> {
  const name = 'kube-system'
  const untilMs = clock.monotonicMs() + patienceMs
  let backoff: Backoff = noBackoff
  for (;;) {
    const answer = await transport.send({
      question: { verb: 'get', resource: 'namespaces', name },
      method: 'GET',
      path: objectPath({ kind: 'Namespace', namespace: '', name }),
    })
    if (answer.ok) return uidOf(answer.value)
    const { kind, message, trouble } = answer.failure
    if (kind !== 'unavailable' || trouble === 'stopped' || clock.monotonicMs() >= untilMs) {
      return { ok: false, failure: { kind, message } }
    }
    const { next, delayMs } = backOff(backoff, { workedForMs: 0, random: random() })
    backoff = next
    await new Promise<void>((resolve) => clock.after(delayMs, resolve))
  }
}

function uidOf(namespace: unknown): Answer<string> {
  const { metadata } = (namespace ?? {}) as { metadata?: { uid?: unknown } }
  if (typeof metadata?.uid === 'string') return { ok: true, value: metadata.uid }
  return { ok: false, failure: { kind: 'unavailable', message: 'namespace kube-system has no UID' } }
}

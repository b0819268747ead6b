// Every probe type there is. A forgotten line is a type error.
import type { ProbeEntry, UnrunnableProbe } from '../domain/probe-entry.ts'
import { http } from './http.ts'
import type { Prepared, Prober } from './prober.ts'
import { tcp } from './tcp.ts'

type ProbeSpec = Exclude<ProbeEntry['probe'], UnrunnableProbe>
type ProbeType = ProbeSpec['type']

const probers = { http, tcp } satisfies {
  readonly [Type in ProbeType]: Prober<Extract<ProbeSpec, { readonly type: Type }>>
}

/** Makes a probe ready to run; never throws. */
export function prepare(spec: ProbeSpec): Prepared {
  const prober = probers[spec.type] as Prober<ProbeSpec> // The type chose the prober that takes this spec.
  return prober.prepare(spec)
}

// Every benchmark by its name. A new one is a new file and one line here.
import { benchProbe } from './probe.ts'
import { benchReflector } from './reflector.ts'

export type Benchmark = {
  readonly tells: string
  /** Prints its figures beside their targets; true when none misses. */
  run(flags: readonly string[]): Promise<boolean>
}

export const benchmarks: ReadonlyMap<string, Benchmark> = new Map([
  ['probe', { tells: 'CPU and memory of a probe, beside blackbox_exporter', run: benchProbe }],
  ['reflector', { tells: 'what following 10,000 objects of a real API server costs', run: benchReflector }],
])

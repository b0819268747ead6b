// What a probe costs beside blackbox_exporter, on the same targets in one run, exposition included on both sides; and whether the plane
// holds its pace at scale. CPU per probe is the figure to trust; on a machine that others use, times and lateness are not.
import { ensureTools, toolPath } from '../e2e/tools/build.ts'
import type { ProbeEntry } from '../src/domain/probe-entry.ts'
import { runBlackbox } from './probe/blackbox.ts'
import type { PlaneFigures, PlanePlan } from './probe/plane.ts'
import { median, nextLine, peakMemoryMiB, percentile, start } from './probe/process-figures.ts'
import type { TargetPorts } from './probe/target.ts'

type Kind = 'http' | 'https' | 'tcp'

/** At most this share of the peer's CPU. */
const shareMax: Readonly<Record<Kind, number>> = { http: 0.4, https: 0.75, tcp: 0.4 }

const runs = 3
const concurrencies = [10, 100, 500]
/** Ours warms up four times as long: a prober runs for months, and V8 compiles while it warms. */
const probes: Readonly<Record<Kind, number>> = { http: 5_000, https: 2_500, tcp: 5_000 }

/** Flags: kinds to compare (`http`, `https`, `tcp`), or `scale`; none: all. True when every figure is within its target. */
export async function benchProbe(flags: readonly string[]): Promise<boolean> {
  const wants = (name: string) => flags.length === 0 || flags.includes(name)
  const target = start(1, process.execPath, [new URL('./probe/target.ts', import.meta.url).pathname])
  const ports = await nextLine<TargetPorts>(target)
  const verdicts: boolean[] = []
  try {
    for (const kind of ['http', 'https', 'tcp'] as const)
      if (wants(kind)) verdicts.push(await compare(kind, ports))
    if (wants('scale')) verdicts.push(await scale(ports))
  } finally {
    await target.stop()
  }
  return verdicts.every(Boolean)
}

type Cost = {
  readonly perProbeUs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly memoryMiB: number
}

async function compare(kind: Kind, ports: TargetPorts): Promise<boolean> {
  await ensureTools(['blackbox_exporter'])
  console.log(`${kind}: CPU per probe over all threads, exposition included; median of ${runs} runs (range)`)
  const verdicts: boolean[] = []
  for (const concurrency of concurrencies) {
    const ours: Cost[] = []
    const theirs: Cost[] = []
    for (let run = 0; run < runs; run += 1) {
      theirs.push(await costOfBlackbox(kind, ports, concurrency))
      ours.push(await costOfPlane(kind, ports, concurrency))
    }
    const share =
      median(ours.map(({ perProbeUs }) => perProbeUs)) / median(theirs.map(({ perProbeUs }) => perProbeUs))
    const isGood = share <= shareMax[kind]
    console.log(`  ${concurrency} in flight`)
    console.log(`    blackbox_exporter 0.28  ${costText(theirs)}`)
    console.log(`    roundsman               ${costText(ours)}`)
    console.log(
      `    ${isGood ? '✔ good' : '✗ miss'}: ${share.toFixed(2)} of the peer's, target at most ${shareMax[kind]}`,
    )
    verdicts.push(isGood)
  }
  return verdicts.every(Boolean)
}

async function costOfBlackbox(kind: Kind, ports: TargetPorts, concurrency: number): Promise<Cost> {
  const figures = await runBlackbox({
    program: toolPath('blackbox_exporter'),
    module: kind === 'tcp' ? 'tcp' : 'http',
    target: kind === 'tcp' ? `127.0.0.1:${ports.tcp}` : `${kind}://127.0.0.1:${ports[kind]}/health`,
    authority: ports.authority,
    concurrency,
    warmUpProbes: probes[kind],
    probes: probes[kind],
  })
  return costOf(figures, figures.peakMemoryMiB)
}

async function costOfPlane(kind: Kind, ports: TargetPorts, concurrency: number): Promise<Cost> {
  const { figures, memoryMiB } = await runPlane({
    probe: probeOf(kind, ports),
    authority: ports.authority,
    targets: 1_000,
    closedLoop: { concurrency, warmUpProbes: 4 * probes[kind], probes: probes[kind] },
  })
  return costOf(figures, memoryMiB)
}

async function scale(ports: TargetPorts): Promise<boolean> {
  const { figures, memoryMiB } = await runPlane({
    probe: probeOf('http', ports),
    authority: ports.authority,
    targets: 10_000,
    schedule: { intervalMs: 30_000, warmUpMs: 35_000, measureMs: 60_000 },
  })
  const cores = figures.cpuSeconds / 60
  const lateMs = latenessBound(figures, 0.99) * 1000
  const checks: readonly (readonly [string, boolean])[] = [
    [
      `${figures.probes} probes in 60 s, ${figures.failed} not ok`,
      figures.failed === 0 && figures.probes > 19_000,
    ],
    [`${cores.toFixed(2)} cores over all threads, target below 1`, cores < 1],
    [`${memoryMiB.toFixed(0)} MiB at most, target 512`, memoryMiB <= 512],
    [`${figures.skipped} slots skipped, target 0`, figures.skipped === 0],
    [`start lateness p99 at most ${lateMs} ms, target 100`, lateMs <= 100],
    [
      `${figures.seriesLines} lines in an exposition, longest piece ${figures.longestPieceMs.toFixed(1)} ms, target 100`,
      figures.longestPieceMs <= 100,
    ],
  ]
  console.log('scale: 10,000 http targets at 30 s')
  for (const [text, isGood] of checks) console.log(`  ${isGood ? '✔' : '✗'} ${text}`)
  return checks.every(([, isGood]) => isGood)
}

async function runPlane(
  plan: PlanePlan,
): Promise<{ readonly figures: PlaneFigures; readonly memoryMiB: number }> {
  const file = new URL('./probe/plane.ts', import.meta.url).pathname
  const plane = start(0, process.execPath, [file, JSON.stringify(plan)])
  const figures = await nextLine<PlaneFigures>(plane)
  const memoryMiB = peakMemoryMiB(plane.pid)
  await plane.stop()
  return { figures, memoryMiB }
}

function probeOf(kind: Kind, ports: TargetPorts): ProbeEntry['probe'] {
  const dial = { by: 'name', host: '127.0.0.1', port: ports[kind] } as const
  if (kind === 'tcp') return { type: 'tcp', dial }
  return {
    type: 'http',
    url: `${kind}://127.0.0.1:${dial.port}/health`,
    dial,
    expect: { status: ['2xx'], body: [] },
  }
}

function costOf(
  figures: {
    readonly probes: number
    readonly failed: number
    readonly cpuSeconds: number
    readonly durationsMs: readonly number[]
  },
  memoryMiB: number,
): Cost {
  if (figures.failed > 0) console.log(`  ⚠ ${figures.failed} of ${figures.probes} probes were not ok`)
  return {
    perProbeUs: (figures.cpuSeconds / figures.probes) * 1e6,
    p50Ms: percentile(figures.durationsMs, 0.5),
    p99Ms: percentile(figures.durationsMs, 0.99),
    memoryMiB,
  }
}

function costText(costs: readonly Cost[]): string {
  const us = costs.map(({ perProbeUs }) => perProbeUs)
  const of = (pick: (cost: Cost) => number) => median(costs.map(pick))
  return [
    `${median(us).toFixed(0)} us (${Math.min(...us).toFixed(0)}-${Math.max(...us).toFixed(0)})`,
    `duration p50 ${of(({ p50Ms }) => p50Ms).toFixed(2)} ms, p99 ${of(({ p99Ms }) => p99Ms).toFixed(2)} ms`,
    `${of(({ memoryMiB }) => memoryMiB).toFixed(0)} MiB`,
  ].join(', ')
}

/** The bound, in seconds, of the first bucket that holds the given share of all starts. */
function latenessBound({ latenessBuckets }: PlaneFigures, share: number): number {
  const total = latenessBuckets.at(-1)?.[1] ?? 0
  const [le = '+Inf'] = latenessBuckets.find(([, count]) => count >= share * total) ?? []
  return le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)
}

// Our side of the probe benchmark: the probe plane and the per-target series as the program runs them, in a process of their own. Its
// series are written out once an interval, as a scrape would. Reads the plan from its arguments and prints what it saw.

import type { ProbeEntry } from '../../src/domain/probe-entry.ts'
import { createProbePlane } from '../../src/probe/plane.ts'
import { systemClock } from '../../src/program/system-clock.ts'
import { createTargetSeries } from '../../src/telemetry/target-series.ts'

export type PlanePlan = {
  readonly probe: ProbeEntry['probe']
  readonly authority: string
  readonly targets: number
  /** On the schedule with this interval for this time; or, without, a fixed number of probes in flight. */
  readonly schedule?: { readonly intervalMs: number; readonly warmUpMs: number; readonly measureMs: number }
  readonly closedLoop?: {
    readonly concurrency: number
    readonly warmUpProbes: number
    readonly probes: number
  }
}

export type PlaneFigures = {
  readonly probes: number
  readonly failed: number
  readonly cpuSeconds: number
  readonly durationsMs: readonly number[]
  readonly skipped: number
  readonly latenessBuckets: readonly (readonly [le: string, count: number])[]
  readonly seriesLines: number
  readonly longestPieceMs: number
}

const plan = JSON.parse(process.argv[2] ?? '{}') as PlanePlan
const intervalMs = plan.schedule?.intervalMs ?? 30_000
const series = createTargetSeries({ clock: systemClock })
let durationsMs: number[] = []
let failed = 0
let sinceScrape = 0
const scrapes = { lines: 0, longestPieceMs: 0 }
let onProbe = () => {}
const plane = createProbePlane({
  workers: 1,
  workerFile: new URL(
    plan.closedLoop === undefined ? '../../src/probe/worker.ts' : './closed-loop-worker.ts',
    import.meta.url,
  ),
  settings: {
    addressPolicy: { loopback: 'allowed' },
    hostsFile: '/etc/hosts',
    resolverFile: '/etc/resolv.conf',
    certificateAuthorities: [plan.authority],
    perAddressMax: 4096, // All targets are one address here.
    ...(plan.closedLoop === undefined ? {} : { inFlightMax: plan.closedLoop.concurrency }),
  },
  clock: systemClock,
  log: {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (text, fields) => console.error(text, fields),
  },
  listeners: [
    series,
    {
      onOutcome: (_entry, outcome) => {
        durationsMs.push(outcome.durationSeconds * 1000)
        if (outcome.kind !== 'ok') failed += 1
        sinceScrape += 1
        // Each result is exposed once, as when Prometheus scrapes once an interval.
        if (sinceScrape >= plan.targets) void scrape()
        onProbe()
      },
    },
  ],
})
for (let index = 0; index < plan.targets; index += 1) plane.set(entryOf(index))

await (plan.closedLoop === undefined
  ? wait(plan.schedule?.warmUpMs ?? 0)
  : probed(plan.closedLoop.warmUpProbes))
durationsMs = []
failed = 0
const before = process.cpuUsage()
await (plan.closedLoop === undefined ? wait(plan.schedule?.measureMs ?? 0) : probed(plan.closedLoop.probes))
const used = process.cpuUsage(before)
const probes = durationsMs.length
const text = [...series.exposition()].at(-1) ?? '' // The schedule's series come last.
const figures: PlaneFigures = {
  probes,
  failed,
  cpuSeconds: (used.user + used.system) / 1e6,
  durationsMs: durationsMs.slice(0, probes),
  skipped: sumOf(text, /^roundsman_schedule_skipped_total{.*} (\d+)$/gm),
  latenessBuckets: [...text.matchAll(/^roundsman_schedule_lateness_seconds_bucket{le="(.+)"} (\d+)$/gm)].map(
    ([, le = '', count]) => [le, Number(count)] as const,
  ),
  seriesLines: scrapes.lines,
  longestPieceMs: scrapes.longestPieceMs,
}
process.stdout.write(`${JSON.stringify(figures)}\n`)
await plane.stop()
process.stdin.resume().on('end', () => process.exit()) // Its memory is read from outside first.

function entryOf(index: number): ProbeEntry {
  return {
    uid: crypto.randomUUID(),
    namespace: `team-${index % 20}`,
    target: `target-${index}`,
    intervalMs,
    timeoutMs: Math.min(5_000, intervalMs),
    limits: { failureThreshold: 3, successThreshold: 1, intervalMs },
    probe: plan.probe,
  }
}

async function scrape(): Promise<void> {
  sinceScrape = 0
  let lines = 0
  const pieces = series.exposition()[Symbol.iterator]()
  for (;;) {
    const startedMs = performance.now()
    const next = pieces.next()
    if (next.done) break
    Buffer.from(next.value) // As a response would encode it.
    scrapes.longestPieceMs = Math.max(scrapes.longestPieceMs, performance.now() - startedMs)
    lines += next.value.split('\n').length - 1
    await new Promise((resolve) => setImmediate(resolve))
  }
  scrapes.lines = lines
}

/** Resolves after so many more probes have ended. */
function probed(count: number): Promise<void> {
  let left = count
  return new Promise((resolve) => {
    onProbe = () => {
      left -= 1
      if (left === 0) resolve()
    }
  })
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(ms, resolve))
}

function sumOf(from: string, pattern: RegExp): number {
  return [...from.matchAll(pattern)].reduce((sum, [, count]) => sum + Number(count), 0)
}

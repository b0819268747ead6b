// The per-target series: what the probe plane tells, kept as the next exposition of /metrics/targets shall say it. A writer of our own,
// because prom-client would block for most of a second at ten thousand targets. A target that goes takes its series along at once.
import type { Clock, Instant } from '../domain/clock.ts'
import type { ScrapedTarget } from '../domain/judged-policy.ts'
import type { Outcome } from '../domain/outcome.ts'
import {
  latenessBoundsSeconds,
  type ProbeEntry,
  type ProbeListener,
  type SchedulePace,
  skipCauses,
} from '../domain/probe-entry.ts'
import { doubtAfterMs, type VerdictState } from '../domain/verdict.ts'
import type { SeriesReader } from '../evaluate/ports.ts'
import { addressHashOf, type Family, families, type ResultLabel, type SeriesView } from './series-families.ts'
import { headerLines, labelText, sampleLine } from './series-text.ts'

export type TargetSeries = Required<
  Pick<
    ProbeListener,
    'onEntry' | 'onRemoved' | 'onOutcome' | 'onTransition' | 'onReasonChange' | 'onDue' | 'onSchedule'
  >
> &
  SeriesReader & {
    /**
     * The text of one exposition in pieces, each a millisecond or two of work. All pieces speak of the same moment. No timestamps: they
     * would defeat the staleness of Prometheus.
     */
    exposition(): Iterable<string>
  }

export function createTargetSeries({ clock }: { readonly clock: Clock }): TargetSeries {
  const rows = new Map<string, Row>() // By UID. Rows are replaced, never changed, so that an exposition may hold on to them.
  let pace = emptyPace

  function change(uid: string, over: Partial<Row>): void {
    const row = rows.get(uid)
    if (row !== undefined) rows.set(uid, { ...row, ...over })
  }

  return {
    onEntry(entry, state) {
      const known = rows.get(entry.uid) ?? newRow(entry, clock.monotonicMs())
      rows.set(entry.uid, { ...known, entry, state })
    },
    onRemoved: ({ uid }) => void rows.delete(uid),
    onOutcome({ uid }, outcome, state) {
      const row = rows.get(uid)
      if (row !== undefined) rows.set(uid, withOutcome(row, { outcome, state, atMs: clock.monotonicMs() }))
    },
    onTransition: ({ uid }, _transition, state) => change(uid, { state }),
    onReasonChange: ({ uid }, state) => change(uid, { state }),
    onDue: ({ uid }, dueAt) => change(uid, { dueAt }),
    onSchedule(more) {
      pace = sumOf(pace, more)
    },
    scrape: () => [...rows.values()].map((row) => scraped(row, viewOf(row, clock.monotonicMs()))),
    *exposition() {
      const nowMs = clock.monotonicMs()
      const lines = [...rows.values()].map((row) => new Line(row, nowMs))
      for (const family of families) yield* familyText(family, lines)
      yield paceText(pace)
    },
  }
}

type Row = {
  readonly entry: ProbeEntry
  readonly labels: string // Prepared once: `namespace="...",target="..."`.
  readonly knownAtMs: number // On the monotonic clock.
  readonly state?: VerdictState
  readonly last?: {
    readonly outcome: Outcome
    readonly atMs: number // On the monotonic clock.
    readonly addressHash?: number
  }
  readonly dueAt?: Instant
  readonly totals: Readonly<Record<ResultLabel, number>>
  readonly failures: ReadonlyMap<string, number>
  readonly degradedMeasurements: number
}

/** A piece ends after this many characters: a millisecond or two of work. */
const pieceLength = 32 * 1024

function newRow(entry: ProbeEntry, knownAtMs: number): Row {
  return {
    entry,
    knownAtMs,
    labels: labelText({ namespace: entry.namespace, target: entry.target }),
    // All four from the first exposition on: a counter born at 1 would count two failures as one.
    totals: { ok: 0, degraded: 0, failed: 0, unknown: 0 },
    failures: new Map(),
    degradedMeasurements: 0,
  }
}

function withOutcome(
  row: Row,
  {
    outcome,
    state,
    atMs,
  }: { readonly outcome: Outcome; readonly state: VerdictState; readonly atMs: number },
): Row {
  const result = resultOf(outcome)
  return {
    ...row,
    state,
    last: { outcome, atMs, ...hashOf(outcome, row) },
    totals: { ...row.totals, [result]: row.totals[result] + 1 },
    failures: outcome.kind === 'ok' ? row.failures : countedUp(row.failures, outcome.reason),
    degradedMeasurements: row.degradedMeasurements + (outcome.measurementDegraded ? 1 : 0),
  }
}

// An address rarely changes from one probe to the next, and its hash costs more than all the rest of a sample.
function hashOf({ address }: Outcome, { last }: Row): { readonly addressHash?: number } {
  const hash =
    last !== undefined && last.outcome.address === address
      ? last.addressHash
      : address === undefined
        ? undefined
        : addressHashOf(address)
  return hash === undefined ? {} : { addressHash: hash }
}

function resultOf(outcome: Outcome): ResultLabel {
  return outcome.kind === 'ok' && outcome.soft !== undefined ? 'degraded' : outcome.kind
}

function countedUp(counts: ReadonlyMap<string, number>, key: string): ReadonlyMap<string, number> {
  return new Map(counts).set(key, (counts.get(key) ?? 0) + 1)
}

// One target's part in one exposition. The view is made when the first family asks, or all views would be made in one go.
class Line {
  readonly labels: string
  readonly #row: Row
  readonly #nowMs: number
  #view: SeriesView | undefined

  constructor(row: Row, nowMs: number) {
    this.labels = row.labels
    this.#row = row
    this.#nowMs = nowMs
  }

  get view(): SeriesView {
    this.#view ??= viewOf(this.#row, this.#nowMs)
    return this.#view
  }
}

// A result older than three intervals is no result: its series end, and nobody knows the verdict any more.
function viewOf(row: Row, nowMs: number): SeriesView {
  const { entry, state, last, dueAt, totals, failures, degradedMeasurements } = row
  const isFresh = nowMs - (last?.atMs ?? row.knownAtMs) <= doubtAfterMs(entry.limits)
  return {
    entry,
    verdict: isFresh ? (state?.verdict ?? 'Unknown') : 'Unknown',
    ...(isFresh && last !== undefined ? { outcome: last.outcome } : {}),
    ...(isFresh && last?.addressHash !== undefined ? { addressHash: last.addressHash } : {}),
    ...(last === undefined ? {} : { lastRunAt: last.outcome.startedAt }),
    ...(dueAt === undefined ? {} : { dueAt }),
    totals,
    failures,
    degradedMeasurements,
  }
}

function scraped({ entry, state, totals }: Row, { verdict, outcome }: SeriesView): ScrapedTarget {
  return {
    namespace: entry.namespace,
    target: entry.target,
    verdict,
    ...(outcome === undefined || outcome.kind === 'ok' ? {} : { failureReason: outcome.reason }),
    message: outcome?.message ?? state?.message ?? '',
    ...(outcome?.kind === 'ok' ? { okDurationSeconds: outcome.durationSeconds } : {}),
    probesTotal: totals,
  }
}

function* familyText(family: Family, lines: readonly Line[]): Iterable<string> {
  const piece = new Piece()
  let isBegun = false // A family without samples is not named.
  for (const line of lines) {
    const samples = family.of(line.view)
    if (samples === undefined || (typeof samples !== 'number' && samples.length === 0)) continue
    if (!isBegun) piece.add(headerLines(family.name, family.type, family.help))
    isBegun = true
    if (typeof samples === 'number') piece.add(family.name, '{', line.labels, '} ', String(samples), '\n')
    else
      for (const [more, value] of samples)
        piece.add(family.name, '{', line.labels, ',', more, '} ', String(value), '\n')
    if (piece.length >= pieceLength) yield piece.take()
  }
  if (piece.length > 0) yield piece.take()
}

// Text that is put together at its end: adding strings to one another leaves a million small objects behind at ten thousand targets.
class Piece {
  #parts: string[] = []
  length = 0

  add(...parts: readonly string[]): void {
    for (const part of parts) {
      this.#parts.push(part)
      this.length += part.length
    }
  }

  take(): string {
    const text = this.#parts.join('')
    this.#parts = []
    this.length = 0
    return text
  }
}

const emptyPace: SchedulePace = {
  skipped: { 'still-running': 0, late: 0, 'worker-busy': 0, 'address-busy': 0 },
  latenessCounts: [],
  latenessSumSeconds: 0,
}

function sumOf(one: SchedulePace, other: SchedulePace): SchedulePace {
  return {
    skipped: {
      'still-running': one.skipped['still-running'] + other.skipped['still-running'],
      late: one.skipped.late + other.skipped.late,
      'worker-busy': one.skipped['worker-busy'] + other.skipped['worker-busy'],
      'address-busy': one.skipped['address-busy'] + other.skipped['address-busy'],
    },
    latenessCounts: other.latenessCounts.map((count, bucket) => count + (one.latenessCounts[bucket] ?? 0)),
    latenessSumSeconds: one.latenessSumSeconds + other.latenessSumSeconds,
  }
}

function paceText({ skipped, latenessCounts, latenessSumSeconds }: SchedulePace): string {
  const skips = skipCauses.map((cause) =>
    sampleLine('roundsman_schedule_skipped_total', labelText({ cause }), skipped[cause]),
  )
  const lateness = 'roundsman_schedule_lateness_seconds'
  let total = 0
  const buckets = [...latenessBoundsSeconds.map(String), '+Inf'].map((le, bucket) => {
    total += latenessCounts[bucket] ?? 0
    return sampleLine(`${lateness}_bucket`, labelText({ le }), total)
  })
  return [
    headerLines('roundsman_schedule_skipped_total', 'counter', 'Slots that passed without a probe, by cause'),
    ...skips,
    headerLines(lateness, 'histogram', 'How late probes started, in seconds'),
    ...buckets,
    sampleLine(`${lateness}_sum`, '', latenessSumSeconds),
    sampleLine(`${lateness}_count`, '', total),
  ].join('')
}

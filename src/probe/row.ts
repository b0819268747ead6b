// What the scheduler keeps of one target. Plain and mutable; nobody else holds it.
import type { ProbeEntry } from '../domain/probe-entry.ts'
import { gridOf, type SlotGrid } from '../domain/schedule.ts'
import type { Cause, VerdictState } from '../domain/verdict.ts'
import type { PreparedProbe } from './runner.ts'
import type { Timer } from './timers.ts'

export type Row = {
  readonly entry: ProbeEntry
  readonly probe: PreparedProbe
  readonly grid: SlotGrid
  state: VerdictState
  conclusiveAtMs: number // On the schedule's clock; when the target became known, until its first conclusive outcome.
  lastDoubt: Cause | undefined // The last inconclusive outcome.
  dueMs: number
  dueTimer: Timer | undefined
  doubtTimer: Timer | undefined
  queue: { readonly slotMs: number; readonly timer: Timer } | undefined // While it waits for a place in the worker.
  running: AbortController | undefined
}

export function createRow(known: {
  readonly entry: ProbeEntry
  readonly probe: PreparedProbe
  readonly state: VerdictState
  readonly conclusiveAtMs: number
}): Row {
  return {
    ...known,
    grid: gridOf(known.entry.uid, known.entry.intervalMs),
    lastDoubt: undefined,
    dueMs: 0,
    dueTimer: undefined,
    doubtTimer: undefined,
    queue: undefined,
    running: undefined,
  }
}

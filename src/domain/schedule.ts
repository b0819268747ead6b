// When a target is due. A grid of slots fixed by the target's UID and the Unix epoch, so that a restart moves nothing and targets
// of one interval spread evenly over it. Pure; probing.md section 4.
import { fnv1a64 } from './fnv.ts'

/** Slots start at `k * intervalMs + phaseMs`, 0 <= phaseMs < intervalMs, in milliseconds since the Unix epoch. */
export type SlotGrid = { readonly intervalMs: number; readonly phaseMs: number }

/** Nobody waits longer than this for the first look at a new target, however long its interval. */
const firstWithinMs = 120_000

export function gridOf(uid: string, intervalMs: number): SlotGrid {
  return { intervalMs, phaseMs: Number(fnv1a64(uid) % BigInt(intervalMs)) }
}

/** Start of the first slot strictly after `afterMs`. Slots already past are left out. */
export function nextSlotMs({ intervalMs, phaseMs }: SlotGrid, afterMs: number): number {
  return (Math.floor((afterMs - phaseMs) / intervalMs) + 1) * intervalMs + phaseMs
}

/** How many slots start in the time after `fromMs`, up to and including `untilMs`. */
export function slotsBetween({ intervalMs, phaseMs }: SlotGrid, fromMs: number, untilMs: number): number {
  return Math.floor((untilMs - phaseMs) / intervalMs) - Math.floor((fromMs - phaseMs) / intervalMs)
}

/** When a target that is new at `nowMs` is probed first: on its grid, but within two minutes; spread by the same hash. */
export function firstProbeMs(uid: string, intervalMs: number, nowMs: number): number {
  return nextSlotMs(gridOf(uid, Math.min(intervalMs, firstWithinMs)), nowMs)
}

/** Which of `shards` workers probes this target. The upper bits: the lower ones already made the phase. */
export function shardOf(uid: string, shards: number): number {
  return Number((fnv1a64(uid) >> 32n) % BigInt(shards))
}

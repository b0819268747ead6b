// The stretch of time in which a Silence holds.
import type { SilenceSpec } from '../api/v1alpha1/silence.ts'
import type { Instant } from './clock.ts'
import { durationMs } from './duration.ts'

/** Whole seconds, as Alertmanager's updates compare them. `startsAt <= endsAt`; equal ones hold never. */
export type SilenceWindow = { readonly startsAt: Instant; readonly endsAt: Instant }

export type WindowState = 'Pending' | 'Active' | 'Expired'

/** `createdAt` is where a Silence without startsAt begins. An end before that gives an empty window, over from the beginning. */
export function silenceWindow(spec: SilenceSpec, createdAt: Instant): SilenceWindow {
  const startsAt = wholeSeconds(spec.startsAt === undefined ? createdAt : Date.parse(spec.startsAt))
  const endsAt =
    spec.endsAt === undefined
      ? startsAt + wholeSeconds(durationMs(spec.duration ?? '0s'))
      : wholeSeconds(Date.parse(spec.endsAt))
  return { startsAt: Math.min(startsAt, endsAt), endsAt }
}

/** The start belongs to the window, the end does not. */
export function windowState({ startsAt, endsAt }: SilenceWindow, now: Instant): WindowState {
  if (now >= endsAt) return 'Expired'
  return now < startsAt ? 'Pending' : 'Active'
}

/** The next instant at which the state of the window changes; undefined once it is over. */
export function nextWindowChange({ startsAt, endsAt }: SilenceWindow, now: Instant): Instant | undefined {
  if (now >= endsAt) return undefined
  return now < startsAt ? startsAt : endsAt
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000
}

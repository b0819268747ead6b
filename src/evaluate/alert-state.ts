// The life of one alert: inactive, pending, firing, and inactive again, by Prometheus' rules. Pure.
import type { Instant } from '../domain/clock.ts'
import type { Judgement } from '../domain/rules/rule-face.ts'

/** Absent means inactive. */
export type AlertState =
  | { readonly phase: 'pending'; readonly activeAtMs: number; readonly since: Instant }
  | {
      readonly phase: 'firing'
      readonly activeAtMs: number // On the judge's own time line, which never steps: `for` counts from it.
      readonly since: Instant // The same moment by the wall clock, for people.
      readonly firingSince: Instant
    }

/** Moment of one evaluation: on the grid, and by the wall clock. */
export type Moment = { readonly atMs: number; readonly now: Instant }

/**
 * What an alert becomes by one evaluation. `for` counts from the first true evaluation and has passed when it is reached exactly; one
 * evaluation that does not hold ends it, pending or firing. Holding a firing alert through doubt is the rule's own.
 */
export function nextState(
  state: AlertState | undefined,
  judgement: Judgement,
  moment: Moment,
  forMs: number,
): AlertState | undefined {
  if (!judgement.fires) return undefined
  if (state?.phase === 'firing') return state
  const { activeAtMs, since } = state ?? { activeAtMs: moment.atMs, since: moment.now }
  if (moment.atMs - activeAtMs < forMs) return { phase: 'pending', activeAtMs, since }
  return { phase: 'firing', activeAtMs, since, firingSince: moment.now }
}

// Rule `latency`: a quantile of the time that good probes took, over a window that holds enough of them to mean something.
import { durationMs, printDuration } from '../duration.ts'
import { aggregation, binary, call, number, selector } from '../promql.ts'
import { quantityValue } from '../quantity.ts'
import { alertDimensions, heldThroughDoubt, scopeMatchers, verdictIsOneOf } from './rule-expression.ts'
import type { RuleFace, RuleOf, RuleScope, RuleTarget, TimedSample } from './rule-face.ts'
import { increaseOf, instantLookbackMs, latestScrape, pointsWithin, quantileOf } from './sampled-series.ts'

/** Probe results that carry a time. */
const answeredResults = ['ok', 'degraded'] as const

export const latency: RuleFace<'latency'> = {
  defaultAlert: 'TargetSlow',

  resolve(member, targets) {
    const quantile = Number(member.quantile)
    const aboveSeconds = quantityValue(member.above)
    const windowMs = durationMs(member.window ?? '5m')
    const minProbes = resolveMinProbes({ asked: member.minProbes, windowMs, targets })
    if (typeof minProbes === 'string') return { problem: minProbes }
    const forMs = durationMs(member.for ?? '3m')
    return { fields: { kind: 'latency', quantile, aboveSeconds, windowMs, minProbes, forMs } }
  },

  expression(definition, scope) {
    const slow = binary(quantileExpression(definition, scope), '>', number(definition.aboveSeconds))
    const enough = binary(probesExpression(definition, scope), '>=', number(definition.minProbes))
    return heldThroughDoubt({
      expression: binary(slow, 'and', enough),
      answered: binary(enough, 'or', verdictIsOneOf(scope, ['Unhealthy'])),
      rule: definition.name,
      scope,
    })
  },

  lookbackMs: (definition) => Math.max(definition.windowMs, instantLookbackMs),

  judge(definition, samples, atMs, wasFiring) {
    const range = { atMs, windowMs: definition.windowMs }
    const value = quantileOf(
      definition.quantile,
      pointsWithin(samples, range, (scraped) => scraped.okDurationSeconds),
    )
    const isEnough = probesIn(samples, range) >= definition.minProbes
    if (value > definition.aboveSeconds && isEnough) return { fires: true, value }
    const isAnswered = isEnough || latestScrape(samples, atMs)?.verdict === 'Unhealthy'
    return { fires: wasFiring && !isAnswered }
  },

  texts: ({ quantile, aboveSeconds, windowMs }, { target }) => ({
    summary: `${target} is slow`,
    description: `quantile ${quantile} of the probe time of ${target} is above ${printSeconds(aboveSeconds)} over ${printDuration(windowMs)}`,
  }),
}

/**
 * The computed default, or what the user asked for; a text where the window cannot hold that many probes of the slowest target:
 * `increase` swings by about 5 percent and by the boundaries of the window, so a count near the possible one never holds.
 */
function resolveMinProbes(options: {
  readonly asked: number | undefined
  readonly windowMs: number
  readonly targets: readonly RuleTarget[]
}): number | string {
  const { asked, windowMs, targets } = options
  const slowest = targets.toSorted((a, b) => b.intervalMs - a.intervalMs)[0]
  if (slowest === undefined) return asked ?? 1 // No target, no rule: the count is never looked at.
  const minProbes = asked ?? Math.min(10, Math.max(1, Math.floor(windowMs / (2 * slowest.intervalMs))))
  if (minProbes <= (0.6 * windowMs) / slowest.intervalMs) return minProbes
  const needed = printDuration(Math.ceil((minProbes * slowest.intervalMs) / 0.6 / 1000) * 1000)
  const count = asked === undefined ? 'a single probe' : `minProbes ${asked}`
  return `window ${printDuration(windowMs)} is too short for ${count} of target ${slowest.name}, which is probed every ${printDuration(slowest.intervalMs)}; make the window ${needed} or longer${asked === undefined ? '' : ', or lower minProbes'}`
}

function quantileExpression(definition: RuleOf<'latency'>, scope: RuleScope) {
  const durations = selector('roundsman_probe_ok_duration_seconds', scopeMatchers(scope), {
    range: printDuration(definition.windowMs),
  })
  return aggregation(
    'max',
    alertDimensions,
    call('quantile_over_time', number(definition.quantile), durations),
  )
}

function probesExpression(definition: RuleOf<'latency'>, scope: RuleScope) {
  const result = { name: 'result', op: '=~', value: answeredResults.join('|') } as const
  const probes = selector('roundsman_probes_total', [...scopeMatchers(scope), result], {
    range: printDuration(definition.windowMs),
  })
  return aggregation('sum', alertDimensions, call('increase', probes))
}

/** NaN, which compares false, while no counter has two samples. */
function probesIn(samples: readonly TimedSample[], range: { atMs: number; windowMs: number }): number {
  const increases = answeredResults
    .map((result) => pointsWithin(samples, range, (scraped) => scraped.probesTotal[result]))
    .map((points) => increaseOf(points, range))
    .filter((increase) => increase !== undefined)
  return increases.length === 0 ? Number.NaN : increases.reduce((sum, increase) => sum + increase, 0)
}

function printSeconds(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1e6) / 1e3}ms` : `${seconds}s`
}

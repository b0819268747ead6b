// Rule `down`: fires while the verdict is Unhealthy, so it never contradicts what a target's status says.
import { durationMs } from '../duration.ts'
import { heldThroughDoubt, verdictIsOneOf } from './rule-expression.ts'
import type { RuleFace } from './rule-face.ts'
import { instantLookbackMs, latestScrape } from './sampled-series.ts'

export const down: RuleFace<'down'> = {
  defaultAlert: 'TargetDown',

  resolve: (member) => ({ fields: { kind: 'down', forMs: durationMs(member.for ?? '0s') } }),

  expression: (definition, scope) =>
    heldThroughDoubt({
      expression: verdictIsOneOf(scope, ['Unhealthy']),
      answered: verdictIsOneOf(scope, ['Healthy', 'Degraded', 'Unhealthy']),
      rule: definition.name,
      scope,
    }),

  lookbackMs: () => instantLookbackMs,

  judge(_definition, samples, atMs, wasFiring) {
    const verdict = latestScrape(samples, atMs)?.verdict
    if (verdict === 'Unhealthy') return { fires: true, value: 1 }
    const isAnswered = verdict === 'Healthy' || verdict === 'Degraded'
    return { fires: wasFiring && !isAnswered }
  },

  texts: (_definition, { target }) => ({
    summary: `${target} is down`,
    description: `the probes of ${target} failed as often in a row as its failureThreshold allows, so its verdict is Unhealthy`,
  }),
}

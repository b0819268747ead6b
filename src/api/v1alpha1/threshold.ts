// Limits that a measured value is compared with.
import type { Constraint } from './constraint.ts'
import { integerOrText } from './schema.ts'

/** A latency in seconds, or with the unit s or ms: `2`, `"0.5"`, `800ms`. More than zero. */
export function latencyThreshold(description: `Integer or quoted string${string}`) {
  return integerOrText(
    description,
    {
      max: 32,
      shape: {
        pattern: /^[0-9]{1,9}([.][0-9]{1,9})?(ms|s)?$/,
        otherwise: 'is not a latency; write seconds, or a number with s or ms, for example 800ms',
      },
    },
    [isPositive],
  )
}

const isPositive: Constraint<number | string> = {
  rule: "type(self) == int ? self > 0 && self <= 1000000000 : self.matches('[1-9]')",
  message: 'must be more than zero',
  holds: (value) => (typeof value === 'number' ? value > 0 && value <= 1_000_000_000 : /[1-9]/.test(value)),
}

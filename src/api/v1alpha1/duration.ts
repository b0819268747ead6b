// Durations: `30s`, `14d`, `1h30m`. The pattern keeps the order that Prometheus demands and lets nothing overflow.
import type { z } from 'zod'
import { type Constraint, constrain } from './constraint.ts'
import { text } from './schema.ts'
import { describe, structureOf } from './structure.ts'

/** A duration between two others, both included. */
export function duration(
  description: string,
  bounds: { readonly min: string; readonly max: string },
): z.ZodString {
  const plain = text(description, {
    min: 2,
    max: 64,
    shape: {
      pattern: durationPattern,
      otherwise:
        'is not a duration; write whole numbers with units from large to small, for example 30s, 5m or 1h30m',
    },
  })
  // With this format, CEL compares lengths of time and not texts.
  return constrain(describe(plain, { ...structureOf(plain), format: 'duration' }), [within(bounds)])
}

/** Milliseconds of a text that has the shape of a duration. */
export function lengthMs(duration: string): number {
  let sum = 0
  for (const [, amount, unit] of duration.matchAll(/([0-9]+)(ms|[wdhms])/g))
    sum += Number(amount) * unitMs(unit)
  return sum
}

const durationPattern =
  /^([0-9]{1,3}w)?([0-9]{1,4}d)?([0-9]{1,5}h)?([0-9]{1,7}m)?([0-9]{1,9}s)?([0-9]{1,9}ms)?$/

function within({ min, max }: { readonly min: string; readonly max: string }): Constraint<string> {
  return {
    rule: `self >= duration('${min}') && self <= duration('${max}')`,
    message: `must be between ${min} and ${max}`,
    holds: (value) => lengthMs(value) >= lengthMs(min) && lengthMs(value) <= lengthMs(max),
  }
}

function unitMs(unit: string | undefined): number {
  switch (unit) {
    case 'w':
      return 604_800_000
    case 'd':
      return 86_400_000
    case 'h':
      return 3_600_000
    case 'm':
      return 60_000
    case 's':
      return 1_000
    default:
      return 1
  }
}

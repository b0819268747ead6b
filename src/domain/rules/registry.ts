// Every kind of rule, and the functions that work on any of them. A new kind is a new file and one line here.
import type { Instant } from '../clock.ts'
import type { RuleDefinition } from '../judged-policy.ts'
import { printExpression } from '../promql.ts'
import type { AlertNames, AlertTexts } from './alert-identity.ts'
import { down } from './down.ts'
import { latency } from './latency.ts'
import type { Judgement, RuleFace, RuleKind, RuleOf, RuleScope, TimedSample } from './rule-face.ts'

export const ruleFaces = { down, latency } as const satisfies { readonly [Kind in RuleKind]: RuleFace<Kind> }

export const ruleKinds = Object.keys(ruleFaces) as readonly RuleKind[]

/**
 * Whether the rule holds for one target at `atMs`, as Prometheus would find on the same samples at the same instant.
 * `samples` are of that one target, oldest first, and reach back at least `lookbackMs(definition)`; later and older ones are ignored.
 * `wasFiring`: whether the alert was firing, not merely pending, after the evaluation before this one. `for` is the caller's.
 */
export function judgeRule(
  definition: RuleDefinition,
  samples: readonly TimedSample[],
  atMs: Instant,
  wasFiring: boolean,
): Judgement {
  return faceOf(definition).judge(definition, samples, atMs, wasFiring)
}

/** How much of the past `judgeRule` may look at, in milliseconds. */
export function lookbackMs(definition: RuleDefinition): number {
  return faceOf(definition).lookbackMs(definition)
}

/** The expression as Prometheus reads it. */
export function rulePromQL(definition: RuleDefinition, scope: RuleScope): string {
  return printExpression(faceOf(definition).expression(definition, scope))
}

/** Annotations `summary` and `description`; for Prometheus `names` are its template placeholders. */
export function alertTexts(definition: RuleDefinition, names: AlertNames): AlertTexts {
  return faceOf(definition).texts(definition, names)
}

/** The compiler cannot see that a definition and the face found by its own kind belong together; the registry's type says so. */
function faceOf<Kind extends RuleKind>(definition: RuleOf<Kind>): RuleFace<Kind> {
  return ruleFaces[definition.kind] as unknown as RuleFace<Kind>
}

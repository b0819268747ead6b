// Checks of a spec that need an RE2 engine, which `api` has not: the twins of CEL rules about patterns. Used for files by
// `roundsman check`, and for stored objects by the reconcilers: an object may be older than a rule of its CRD.
import { RE2JS, RE2JSException } from 're2js'
import { type AlertPolicySpec, alertPolicySpec } from '../api/v1alpha1/alert-policy.ts'
import type { Judges } from '../api/v1alpha1/constraint.ts'
import { type InspectionTargetSpec, inspectionTargetSpec } from '../api/v1alpha1/inspection-target.ts'
import { judge, type SpecProblem } from '../api/v1alpha1/judgement.ts'
import { type SilenceSpec, silenceSpec } from '../api/v1alpha1/silence.ts'

export type SpecFinding = SpecProblem

export const re2Judges: Judges = {
  isPattern: (pattern) => compiled(pattern) !== undefined,
  isMatcher: ({ matchType, value }) => !isPatternType(matchType) || whole(value) !== undefined,
  // One that demands something of an alert which not every alert has.
  areNarrow: (matchers) =>
    matchers.some(({ matchType, value }) =>
      matchType === '='
        ? value !== ''
        : matchType === '=~' && !matches(value, '') && !matches(value, anyText),
    ),
}

/** What is wrong with a spec that has parsed; empty when nothing is. */
export const targetFindings = (spec: InspectionTargetSpec): readonly SpecFinding[] =>
  findings(inspectionTargetSpec, spec)
export const policyFindings = (spec: AlertPolicySpec): readonly SpecFinding[] =>
  findings(alertPolicySpec, spec)
export const silenceFindings = (spec: SilenceSpec): readonly SpecFinding[] => findings(silenceSpec, spec)

// No label has this value by chance: a pattern that matches it matches everything.
const anyText = 'no.alert is-called+so'

function findings(schema: Parameters<typeof judge>[0], spec: unknown): readonly SpecFinding[] {
  const result = judge(schema, spec, { path: ['spec'], origin: 'stored', judges: re2Judges })
  return result.ok ? [] : result.problems
}

function isPatternType(matchType: string): boolean {
  return matchType === '=~' || matchType === '!~'
}

function matches(value: string, text: string): boolean {
  return whole(value)?.test(text) ?? false
}

/** As Alertmanager reads the value of a matcher: it must match the whole label. */
function whole(value: string): RE2JS | undefined {
  return compiled(`^(?:${value})$`)
}

function compiled(pattern: string): RE2JS | undefined {
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    if (error instanceof RE2JSException) return undefined
    throw error
  }
}

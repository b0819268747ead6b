// Reading objects: tolerant of what a server has stored, strict with what people write.
import type { z } from 'zod'
import { type AlertPolicySpec, alertPolicySpec } from './alert-policy.ts'
import type { Judges } from './constraint.ts'
import { type InspectionTargetSpec, inspectionTargetSpec } from './inspection-target.ts'
import { judge, problemAt, type SpecProblem, unknownMembers, unknownName } from './judgement.ts'
import { resourceName } from './names.ts'
import { type ResourceKind, resources } from './resources.ts'
import { type SilenceSpec, silenceSpec } from './silence.ts'

export type Parsed<Spec> =
  | { readonly ok: true; readonly spec: Spec }
  | { readonly ok: false; readonly problems: readonly SpecProblem[] }

/**
 * The spec of a stored object. Unknown members pass and are left out (a newer CRD adds them); what does not parse is told, all at once.
 * Patterns are not compiled here: that is `domain/spec-checks.ts`.
 */
export const parseInspectionTarget = (spec: unknown): Parsed<InspectionTargetSpec> =>
  parse(inspectionTargetSpec, spec)
export const parseAlertPolicy = (spec: unknown): Parsed<AlertPolicySpec> => parse(alertPolicySpec, spec)
export const parseSilence = (spec: unknown): Parsed<SilenceSpec> => parse(silenceSpec, spec)

/** Everything the API server would refuse about an object that somebody wrote; unknown fields too, with the name that was perhaps meant. */
export function strictProblems(
  kind: ResourceKind,
  object: Readonly<Record<string, unknown>>,
  judges: Judges,
): readonly SpecProblem[] {
  const { spec } = resources[kind] as { readonly spec: z.ZodType }
  const metadata = object.metadata as { readonly name?: unknown } | undefined
  const written = { origin: 'written', judges } as const
  const named = judge(objectName, metadata?.name, { path: ['metadata', 'name'], ...written })
  const specified = judge(spec, object.spec, { path: ['spec'], ...written })
  return [
    ...Object.keys(object)
      .filter((name) => !rootFields.includes(name))
      .map((name) => problemAt([name], unknownName(name, rootFields))),
    ...(named.ok ? [] : named.problems),
    ...unknownMembers(spec, object.spec, ['spec']),
    ...(specified.ok ? [] : specified.problems),
  ]
}

// The status of a file is not looked at: the API server drops it too.
const rootFields = ['apiVersion', 'kind', 'metadata', 'spec', 'status']
const objectName = resourceName('Name of the object.')

// Stored objects were compiled when they were admitted; those that were not are found by domain/spec-checks.ts.
const trusting: Judges = { isPattern: () => true, isMatcher: () => true, areNarrow: () => true }

function parse<S extends z.ZodType>(schema: S, spec: unknown): Parsed<z.output<S>> {
  const result = judge(schema, spec, { path: ['spec'], origin: 'stored', judges: trusting })
  return result.ok ? { ok: true, spec: result.value } : result
}

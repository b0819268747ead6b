// Tolerant reading of stored objects: unknown fields pass (a newer CRD adds them); what does not parse is told with its path.
import type { z } from 'zod'
import { type AlertPolicySpec, alertPolicySpec } from './alert-policy.ts'
import { type InspectionTargetSpec, inspectionTargetSpec } from './inspection-target.ts'
import { type SilenceSpec, silenceSpec } from './silence.ts'

export type SpecProblem = { readonly path: string; readonly message: string }
export type Parsed<Spec> =
  | { readonly ok: true; readonly spec: Spec }
  | { readonly ok: false; readonly problems: readonly SpecProblem[] }

export const parseInspectionTarget = (spec: unknown): Parsed<InspectionTargetSpec> =>
  parse(inspectionTargetSpec, spec)
export const parseAlertPolicy = (spec: unknown): Parsed<AlertPolicySpec> => parse(alertPolicySpec, spec)
export const parseSilence = (spec: unknown): Parsed<SilenceSpec> => parse(silenceSpec, spec)

function parse<Spec>(schema: z.ZodType<Spec>, spec: unknown): Parsed<Spec> {
  const result = schema.safeParse(spec)
  if (result.success) return { ok: true, spec: result.data }
  return {
    ok: false,
    problems: result.error.issues.map((issue) => ({
      path: ['spec', ...issue.path].join('.'),
      message: issue.message,
    })),
  }
}

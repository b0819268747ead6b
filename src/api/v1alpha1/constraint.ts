// Rules that the type of a field cannot say. Each is written once: as CEL for the API server and, beside it, as the same test in
// TypeScript, so that a file is judged alike with and without a cluster.
import type { z } from 'zod'
import { type CelRule, describe, structureOf } from './structure.ts'

/**
 * Checks that need an RE2 engine or a URL parser, which this folder may not import. `domain/spec-checks.ts` has one function for each
 * name, held together by type: a name without a function does not compile.
 */
export type SpecCheckName = 'bodyPatternsCompile' | 'matcherPatternsCompile' | 'silenceIsNarrow'

export type Constraint<Value> = {
  /** CEL; `self` is the value. */
  readonly rule: string
  /** Field, limit, remedy (kube:Z3). Both judges say this sentence. */
  readonly message: string
  /** A member of the value, as `.timeout`; absent when the rule is about the whole value. */
  readonly fieldPath?: string
  /** A message that names the culprit, once more in both languages; `message` stays the fallback of the API server. */
  readonly naming?: { readonly messageExpression: string; readonly message: (value: Value) => string }
} & ({ readonly holds: (value: Value) => boolean } | { readonly judgedBy: SpecCheckName })

/** The same schema with these constraints, for the API server and for zod. As in the API server, they run only on a value of the right shape. */
export function withConstraints<S extends z.ZodType>(
  schema: S,
  constraints: readonly Constraint<z.output<S>>[],
): S {
  if (constraints.length === 0) return schema
  const structure = structureOf(schema)
  const checked = schema.superRefine((value, context) => {
    for (const rule of constraints) {
      if (!('holds' in rule) || rule.holds(value)) continue
      const message = rule.naming?.message(value) ?? rule.message
      context.addIssue({ code: 'custom', message, path: segmentsOf(rule.fieldPath), input: value })
    }
  })
  const before = structure['x-kubernetes-validations'] ?? []
  return describe(checked, {
    ...structure,
    'x-kubernetes-validations': [...before, ...constraints.map(celOf)],
  })
}

/** Of these members exactly one is there. For unions: one rule, one sentence; `hint` ends it. */
export function exactlyOneOf<Value extends object>(
  members: readonly (keyof Value & string)[],
  hint = '',
): Constraint<Value> {
  return {
    rule: `[${members.map((member) => `has(self.${member})`).join(', ')}].exists_one(x, x)`,
    message: `exactly one of ${listed(members, 'and')} must be set${hint}`,
    holds: (value) => members.filter((member) => value[member] !== undefined).length === 1,
  }
}

/** The text matches. One pattern serves both: it must mean the same in RE2 and in JavaScript, and need no backtracking. */
export function matching(pattern: RegExp, message: string): Constraint<string> {
  return { rule: `self.matches(${celText(re2Of(pattern))})`, message, holds: (value) => pattern.test(value) }
}

/** The pattern's text for RE2: JavaScript alone escapes the slash. */
export function re2Of(pattern: RegExp): string {
  return pattern.source.replaceAll('\\/', '/')
}

/** A CEL string literal. */
export function celText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

/** `a, b or c`. */
export function listed(words: readonly string[], last: 'and' | 'or' = 'or'): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`
}

function celOf<Value>({ rule, message, fieldPath, naming }: Constraint<Value>): CelRule {
  return {
    rule,
    message,
    ...(naming && { messageExpression: naming.messageExpression }),
    ...(fieldPath !== undefined && { fieldPath }),
  }
}

function segmentsOf(fieldPath: string | undefined): string[] {
  return fieldPath?.split('.').filter((segment) => segment !== '') ?? []
}

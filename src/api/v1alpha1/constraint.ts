// Rules that the type of a field cannot say. Each is written once: as CEL for the API server and, beside it, as the same test in
// TypeScript, so that a file is judged alike with and without a cluster.
import { z } from 'zod'
import { type CelRule, describe, structureOf } from './structure.ts'

/**
 * Tests that need an RE2 engine, which this folder may not import. `domain/spec-checks.ts` has one function for each name, held together
 * by type: a name without a function does not compile.
 */
export type Judges = {
  readonly isPattern: (pattern: string) => boolean
  readonly isMatcher: (matcher: TextMatcher) => boolean
  readonly areNarrow: (matchers: readonly TextMatcher[]) => boolean
}
type TextMatcher = { readonly matchType: string; readonly value: string }

export type Constraint<Value> = {
  /** CEL; `self` is the value. */
  readonly rule: string
  /** Field, limit, remedy (kube:Z3). Both judges say this sentence. */
  readonly message: string
  /** A member of the value, as `.timeout`; absent when the constraint is about the whole value. */
  readonly fieldPath?: string
  /** A message that names the culprit, once more in both languages; `message` stays the fallback of the API server. */
  readonly naming?: { readonly messageExpression: string; readonly message: (value: Value) => string }
  readonly holds: (value: Value, judges: Judges) => boolean
  /** Judges stored objects in the place of `holds`: a member that only a newer version knows was cut off before (kube:Z6). */
  readonly holdsOnceStored?: (value: Value) => boolean
}

const constraints = z.registry<{ readonly list: readonly Constraint<never>[] }>()

/** Adds constraints to a schema, for the API server and for `judge`, and answers the schema. */
export function constrain<S extends z.ZodType>(schema: S, added: readonly Constraint<z.output<S>>[]): S {
  if (added.length === 0) return schema
  const structure = structureOf(schema)
  const list = [...constraintsOf(schema), ...added]
  constraints.add(schema, { list })
  return describe(schema, { ...structure, 'x-kubernetes-validations': list.map(celOf) })
}

export function constraintsOf(schema: z.ZodType): readonly Constraint<unknown>[] {
  return (constraints.get(schema)?.list ?? []) as readonly Constraint<unknown>[]
}

/** Of these members exactly one is there. For unions: one rule, one sentence; `hint` ends it. */
export function exactlyOneOf<Value extends object>(
  members: readonly (keyof Value & string)[],
  hint = '',
): Constraint<Value> {
  return {
    rule: `[${members.map((member) => `has(self.${member})`).join(', ')}].exists_one(x, x)`,
    message: `exactly one of ${listed(members, 'and')} must be set${hint}`,
    holds: (value) => countOf(members, value) === 1,
  }
}

/** As `exactlyOneOf`, for a list of many: one item of a newer version must not spoil the others, so whoever uses it must cope with none. */
export function oneOfKnownKinds<Value extends object>(
  members: readonly (keyof Value & string)[],
  hint = '',
): Constraint<Value> {
  return { ...exactlyOneOf(members, hint), holdsOnceStored: (value) => countOf(members, value) <= 1 }
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

function countOf<Value extends object>(members: readonly (keyof Value & string)[], value: Value): number {
  return members.filter((member) => value[member] !== undefined).length
}

function celOf({ rule, message, fieldPath, naming }: Constraint<never>): CelRule {
  return {
    rule,
    message,
    ...(naming && { messageExpression: naming.messageExpression }),
    ...(fieldPath !== undefined && { fieldPath }),
  }
}

// What is wrong with a value: its shape, by zod, and the constraints it breaks. As in the API server, a constraint is asked only where
// its value has the right shape; unlike there, one wrong shape does not hide what is wrong elsewhere.
import { z } from 'zod'
import { type Constraint, constraintsOf, type Judges } from './constraint.ts'
import { nearest } from './nearest.ts'
import { sentenceOf } from './sentence.ts'

export type Path = readonly (string | number)[]

export type SpecProblem = {
  /** For people: `spec.rules[2].latency`. */
  readonly path: string
  readonly segments: Path
  /** What was found, what was expected, what to do; without the place. */
  readonly message: string
}

export type Circumstances = {
  /** Of the value in its object. */
  readonly path: Path
  /** `written` by people, now; or `stored` by a server, perhaps under a newer CRD. */
  readonly origin: 'written' | 'stored'
  readonly judges: Judges
}

/** The value with its defaults and without unknown members, or everything that is wrong with it. */
export function judge<S extends z.ZodType>(
  schema: S,
  value: unknown,
  around: Circumstances,
):
  | { readonly ok: true; readonly value: z.output<S> }
  | { readonly ok: false; readonly problems: readonly SpecProblem[] } {
  const present = withoutNulls(value)
  const result = schema.safeParse(present, { error: sentenceOf })
  const issues = result.success ? [] : result.error.issues
  const shapes = issues.map(({ path, message }) => problemAt([...around.path, ...(path as Path)], message))
  const broken = result.success
    ? constraintsBrokenIn(schema, result.data, around)
    : constraintsBroken(schema, present, around)
  const problems = [...shapes, ...broken]
  return result.success && problems.length === 0 ? { ok: true, value: result.data } : { ok: false, problems }
}

/** Members that no schema knows, at any depth, each with the name that was perhaps meant. */
export function unknownMembers(schema: z.ZodType, value: unknown, path: Path): readonly SpecProblem[] {
  const { object } = bare(schema)
  const here =
    object === undefined || !isObject(value)
      ? []
      : Object.keys(value)
          .filter((name) => !Object.hasOwn(object.shape, name))
          .map((name) => problemAt([...path, name], unknownName(name, Object.keys(object.shape))))
  return [
    ...here,
    ...membersOf(schema, value).flatMap(([key, member, content]) =>
      unknownMembers(member, content, [...path, key]),
    ),
  ]
}

/**
 * Members that are null, at any depth. The API server drops them before it judges, so that `latency:` with nothing behind it is the same
 * as no latency, and `{matchLabels: {tier: null}}` selects everything.
 */
export function nullMembers(value: unknown, path: Path): readonly Path[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => nullMembers(item, [...path, index]))
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, member]) =>
    member === null ? [[...path, name]] : nullMembers(member, [...path, name]),
  )
}

export function problemAt(segments: Path, message: string): SpecProblem {
  return { path: pathText(segments), segments, message }
}

/** `is not a field; did you mean timeout?` */
export function unknownName(name: string, known: readonly string[]): string {
  const meant = nearest(name, known)
  return meant === undefined
    ? `is not a field; known here: ${known.join(', ')}`
    : `is not a field; did you mean ${meant}?`
}

/** A copy; names are data, so `__proto__` stays a member. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([name, member]) => [name, withoutNulls(member)]),
  )
}

/** Of a value that may have a wrong shape: asks what lies around the wrong place, and everything beside it. */
function constraintsBroken(schema: z.ZodType, value: unknown, around: Circumstances): readonly SpecProblem[] {
  const parsed = schema.safeParse(value)
  if (parsed.success) return constraintsBrokenIn(schema, parsed.data, around)
  return membersOf(schema, value).flatMap(([key, member, content]) =>
    constraintsBroken(member, content, { ...around, path: [...around.path, key] }),
  )
}

/** Of a value that zod has made. */
function constraintsBrokenIn(
  schema: z.ZodType,
  value: unknown,
  around: Circumstances,
): readonly SpecProblem[] {
  const { path, origin, judges } = around
  const broken = constraintsOf(bare(schema).schema).filter(
    (constraint) => !holds(constraint, value, origin, judges),
  )
  return [
    ...broken.map((constraint) => brokenAt(constraint, value, path)),
    ...membersOf(schema, value).flatMap(([key, member, content]) =>
      constraintsBrokenIn(member, content, { ...around, path: [...path, key] }),
    ),
  ]
}

function holds(
  constraint: Constraint<unknown>,
  value: unknown,
  origin: Circumstances['origin'],
  judges: Judges,
): boolean {
  const { holdsOnceStored } = constraint
  return origin === 'stored' && holdsOnceStored !== undefined
    ? holdsOnceStored(value)
    : constraint.holds(value, judges)
}

function brokenAt(
  { fieldPath = '', message, naming }: Constraint<unknown>,
  value: unknown,
  path: Path,
): SpecProblem {
  const segments = [...path, ...fieldPath.split('.').filter((name) => name !== '')]
  return problemAt(segments, naming?.message(value) ?? message)
}

/** The members and items that are there and that the schema knows. */
function membersOf(schema: z.ZodType, value: unknown): [string | number, z.ZodType, unknown][] {
  const { object, list } = bare(schema)
  if (list !== undefined && Array.isArray(value)) {
    return value.map((item, index) => [index, list.element as z.ZodType, item])
  }
  if (object === undefined || !isObject(value)) return []
  return Object.entries(object.shape as Record<string, z.ZodType>)
    .filter(([name]) => Object.hasOwn(value, name) && value[name] !== undefined)
    .map(([name, member]) => [name, member, value[name]])
}

/** The schema without what makes it optional. */
function bare(schema: z.ZodType): { schema: z.ZodType; object?: z.ZodObject; list?: z.ZodArray } {
  if (schema instanceof z.ZodOptional) return bare(schema.unwrap() as z.ZodType)
  if (schema instanceof z.ZodObject) return { schema, object: schema }
  if (schema instanceof z.ZodArray) return { schema, list: schema }
  return { schema }
}

function pathText(segments: Path): string {
  return segments
    .map((segment) => {
      if (typeof segment === 'number') return `[${segment}]`
      return /^[A-Za-z_][A-Za-z0-9_]*$/.test(segment) ? `.${segment}` : `[${JSON.stringify(segment)}]`
    })
    .join('')
    .replace(/^\./, '')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

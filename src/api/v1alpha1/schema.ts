// The only shapes a CRD of ours may have. Each function makes a zod schema and what the CRD says of it, from one description of the
// field; what is not legal in a structural schema (kube:Z2) cannot be said here.
import { z } from 'zod'
import { type Constraint, constrain, re2Of } from './constraint.ts'
import { foundValue } from './sentence.ts'
import { describe, isRequired, type Structure, structureOf } from './structure.ts'

/** `$` and `^` are the pattern's to write; the sentence says what is wrong with a text that does not match, and what to write. */
export type Pattern = { readonly pattern: RegExp; readonly otherwise: string }

/** Text of 1 (or `min`) to `max` characters. */
export function text(
  description: string,
  limits: { readonly max: number; readonly min?: number; readonly shape?: Pattern },
  constraints: readonly Constraint<string>[] = [],
) {
  const { max, min = 1, shape } = limits
  const schema = shape === undefined ? z.string() : z.string().regex(shape.pattern, shape.otherwise)
  const structure: Structure = {
    description,
    type: 'string',
    ...(min > 0 && { minLength: min }),
    maxLength: max,
    ...(shape && { pattern: re2Of(shape.pattern) }),
  }
  return constrain(describe(schema.superRefine(lengthBetween(min, max)), structure), constraints)
}

export function choice<const Values extends readonly [string, ...string[]]>(
  description: string,
  values: Values,
) {
  return describe(z.enum(values), { description, type: 'string', enum: values })
}

export function flag(description: string) {
  return describe(z.boolean(), { description, type: 'boolean' })
}

/** A whole number, both bounds included. */
export function integer(description: string, limits: { readonly min: number; readonly max?: number }) {
  const { min, max } = limits
  const bounded = z.int().min(min)
  return describe(max === undefined ? bounded : bounded.max(max), {
    description,
    type: 'integer',
    format: 'int64',
    minimum: min,
    ...(max !== undefined && { maximum: max }),
  })
}

/** A number or a text. `description` must begin with "Integer or quoted string": kubectl explain shows only `<Object>`. */
export function integerOrText(
  description: `Integer or quoted string${string}`,
  limits: { readonly max: number; readonly shape?: Pattern },
  constraints: readonly Constraint<number | string>[] = [],
) {
  const { max, shape } = limits
  const words = shape === undefined ? z.string() : z.string().regex(shape.pattern, shape.otherwise)
  const schema = z.union([z.int(), words.superRefine(lengthBetween(1, max))], {
    error: (issue) => integerOrTextSentence(issue.input, shape),
  })
  const structure: Structure = {
    description,
    'x-kubernetes-int-or-string': true,
    maxLength: max,
    ...(shape && { pattern: re2Of(shape.pattern) }),
  }
  return constrain(describe(schema, structure), constraints)
}

/** A point in time with its zone, as RFC 3339 has it. */
export function instant(description: string) {
  const schema = z.string().superRefine((value, context) => {
    if (isInstant(value)) return
    const found = foundValue(value)
    context.addIssue({
      code: 'custom',
      message: `expected a date and time with a zone, got ${found}; write for example 2026-11-22T10:00:00Z`,
      input: value,
    })
  })
  return describe(schema, { description, type: 'string', format: 'date-time', pattern: re2Of(instantShape) })
}

type Members<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>>

/** An object whose members several managers may own. Only for one that is never written `{}`; see `atomic`. */
export function granular<Shape extends z.ZodRawShape>(
  description: string,
  shape: Shape,
  constraints: readonly Constraint<Members<Shape>>[] = [],
) {
  return objectOf(shape, { description }, constraints)
}

/** An object that has one owner. Whatever may be written `{}` is one: else server-side apply from `{for: 1m}` to `{}` is refused. */
export function atomic<Shape extends z.ZodRawShape>(
  description: string,
  shape: Shape,
  constraints: readonly Constraint<Members<Shape>>[] = [],
) {
  return objectOf(shape, { description, 'x-kubernetes-map-type': 'atomic' }, constraints)
}

/** Free names with texts, for example labels. The names are data: `__proto__` and `constructor` are kept as they are (kube:Z6). */
export function textMap(
  description: string,
  limits: { readonly max: number; readonly value: z.ZodType<string> },
  constraints: readonly Constraint<Readonly<Record<string, string>>>[] = [],
) {
  // z.record would drop a member called `__proto__`, and a selector would silently grow wider.
  const schema = z.custom<Readonly<Record<string, string>>>().superRefine((value: unknown, context) => {
    if (!isPlainObject(value)) {
      const message = `expected a map of names and texts, got ${foundValue(value)}`
      context.addIssue({ code: 'custom', message, input: value })
      return
    }
    if (Object.keys(value).length > limits.max) {
      const message = `has ${Object.keys(value).length} entries; at most ${limits.max} are allowed`
      context.addIssue({ code: 'custom', message, input: value })
    }
    for (const [name, member] of Object.entries(value)) {
      const result = limits.value.safeParse(member)
      for (const issue of result.error?.issues ?? []) {
        context.addIssue({ code: 'custom', message: issue.message, path: [name], input: member })
      }
    }
  })
  return constrain(
    describe(schema, {
      description,
      type: 'object',
      'x-kubernetes-map-type': 'atomic',
      additionalProperties: structureOf(limits.value),
      maxProperties: limits.max,
    }),
    constraints,
  )
}

type Size = { readonly min?: number; readonly max: number }

/** A list that is replaced as a whole: its order means something. */
export function sequence<Item extends z.ZodType>(
  description: string,
  item: Item,
  size: Size,
  constraints: readonly Constraint<z.output<Item>[]>[] = [],
) {
  return listOf(item, size, { description, 'x-kubernetes-list-type': 'atomic' }, constraints)
}

/** A list of different scalars, to which several managers may add. */
export function setOf<Item extends z.ZodType<string | number>>(
  description: string,
  item: Item,
  size: Size,
  constraints: readonly Constraint<z.output<Item>[]>[] = [],
) {
  return listOf(item, size, { description, 'x-kubernetes-list-type': 'set' }, constraints, (value) => value)
}

/** A list of items that are told apart by one member, for example their name; several managers may own different items. */
export function listBy<Item extends z.ZodObject, const Key extends keyof Item['shape'] & string>(
  description: string,
  key: Key,
  item: Item,
  size: Size,
  constraints: readonly Constraint<z.output<Item>[]>[] = [],
) {
  if (!isRequired(item.shape[key])) throw new Error(`bug of Roundsman: list key ${key} must be required`)
  const structure = {
    description,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': [key],
  } as const
  return listOf(item, size, structure, constraints, (value) => (value as Record<string, unknown>)[key])
}

/** Where the member is left out, both the API server and zod put this value. */
export function defaulted<S extends z.ZodType<string | boolean | number>>(
  schema: S,
  value: z.output<S> & (string | boolean | number),
) {
  return describe(schema.default(value as never), { ...structureOf(schema), default: value })
}

function objectOf<Shape extends z.ZodRawShape>(
  shape: Shape,
  structure: Structure,
  constraints: readonly Constraint<Members<Shape>>[],
) {
  const members = Object.entries(shape) as [string, z.ZodType][]
  const required = members.filter(([, member]) => isRequired(member)).map(([name]) => name)
  const schema = describe(z.object(shape), {
    ...structure,
    type: 'object',
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(members.map(([name, member]) => [name, structureOf(member)])),
  })
  return constrain(schema, constraints as readonly Constraint<z.output<typeof schema>>[])
}

function listOf<Item extends z.ZodType>(
  item: Item,
  { min, max }: Size,
  structure: Structure,
  constraints: readonly Constraint<z.output<Item>[]>[],
  identityOf?: (item: z.output<Item>) => unknown,
) {
  const sized = z
    .array(item)
    .min(min ?? 0)
    .max(max)
  const schema = identityOf === undefined ? sized : sized.superRefine(withoutRepeats(identityOf))
  const described = describe(schema, {
    ...structure,
    type: 'array',
    ...(min !== undefined && { minItems: min }),
    maxItems: max,
    items: structureOf(item),
  })
  return constrain(described, constraints as readonly Constraint<z.output<typeof described>>[])
}

function withoutRepeats<Item>(identityOf: (item: Item) => unknown) {
  return (items: readonly Item[], context: z.RefinementCtx) => {
    const seen = new Map<unknown, number>()
    for (const [index, item] of items.entries()) {
      const identity = identityOf(item)
      const first = seen.get(identity)
      if (first === undefined) seen.set(identity, index)
      else {
        const message = `${foundValue(identity)} stands at [${first}] already; keep one of them`
        context.addIssue({ code: 'custom', message, path: [index], input: item })
      }
    }
  }
}

/** Counts characters as the API server does: an emoji is one. */
function lengthBetween(min: number, max: number) {
  return (value: string, context: z.RefinementCtx) => {
    const length = [...value].length
    if (length >= min && length <= max) return
    const message =
      length < min
        ? min === 1
          ? 'is empty; write a text or leave the field out'
          : `is ${length} characters long; at least ${min} are needed`
        : `is ${length} characters long; at most ${max} are allowed`
    context.addIssue({ code: 'custom', message, input: value })
  }
}

function integerOrTextSentence(input: unknown, shape: Pattern | undefined): string {
  if (input === undefined) return 'is required'
  if (typeof input === 'number') return `expected an integer or quoted string, got ${input}; write "${input}"`
  if (typeof input === 'string' && shape !== undefined) return shape.otherwise
  return `expected an integer or quoted string, got ${foundValue(input)}`
}

const instantShape =
  /^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$/

/** The 30th of February has the right shape; JavaScript would read it as the 2nd of March. */
function isInstant(value: string): boolean {
  if (!instantShape.test(value)) return false
  const [year, month, day] = value.slice(0, 10).split('-').map(Number) as [number, number, number]
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate()
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

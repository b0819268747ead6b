// The part of OpenAPI v3 that a CRD may hold, and the book in which every schema of ours has its entry. Only the builders of
// schema.ts make entries, so a schema that went past them has no CRD (kube:Z1).
import { z } from 'zod'

export type Structure = {
  readonly description?: string
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean'
  readonly format?: 'duration' | 'date-time' | 'int64'
  readonly enum?: readonly string[]
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: string | boolean | number
  readonly properties?: Readonly<Record<string, Structure>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Structure
  readonly maxProperties?: number
  readonly items?: Structure
  readonly minItems?: number
  readonly maxItems?: number
  readonly 'x-kubernetes-int-or-string'?: true
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map'
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-map-type'?: 'atomic'
  readonly 'x-kubernetes-validations'?: readonly CelRule[]
}

/** One CEL rule as the API server reads it. */
export type CelRule = {
  readonly rule: string
  readonly message: string
  readonly messageExpression?: string
  readonly fieldPath?: string
}

const structures = z.registry<Structure>()

/** Enters what the CRD says of this schema, and answers the schema. */
export function describe<S extends z.ZodType>(schema: S, structure: Structure): S {
  structures.add(schema, structure)
  return schema
}

/** What the CRD says of this schema. Optional and defaulted ones answer for what they hold. */
export function structureOf(schema: z.ZodType): Structure {
  const structure = structures.get(schema)
  if (structure !== undefined) return structure
  if (schema instanceof z.ZodOptional) return structureOf(schema.unwrap() as z.ZodType)
  throw new Error(
    `bug of Roundsman: a ${schema.def.type} schema was not made by the builders of schema.ts, so it has no place in a CRD`,
  )
}

/** Whether an object may be written without this member. */
export function isRequired(schema: z.ZodType): boolean {
  return !(schema instanceof z.ZodOptional || structureOf(schema).default !== undefined)
}

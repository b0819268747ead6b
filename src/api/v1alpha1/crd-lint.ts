// What an API server, kubectl apply or server-side apply would refuse or misread about a schema (kube:Z2 to Z5), told with its place.
// It reads plain data and trusts nothing: a schema made by other means must not slip through.

export type LintProblem = { readonly path: string; readonly message: string }

type Node = Readonly<Record<string, unknown>>
type Check = (node: Node, place: Place) => string | undefined
type Place = { readonly path: string; readonly isRoot: boolean; readonly isMetadata: boolean }

/** Client-side apply keeps a copy in an annotation, which may be this long. */
export const crdBytesMax = 262_144

/** Mean length of the descriptions above which a CRD of this size grows towards `crdBytesMax`. */
export const descriptionLengthMean = 120

export function lintSchema(schema: unknown): readonly LintProblem[] {
  return lintNode(schema as Node, { path: '', isRoot: true, isMetadata: false })
}

const knownKeywords = [
  'description',
  'type',
  'format',
  'enum',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'default',
  'properties',
  'required',
  'additionalProperties',
  'maxProperties',
  'items',
  'minItems',
  'maxItems',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-validations',
  'x-kubernetes-preserve-unknown-fields',
]

const checks: readonly Check[] = [
  keywordsAreKnown,
  rootIsObject,
  typeIsThere,
  typeIsKnown,
  descriptionIsThere,
  additionalPropertiesAreLegal,
  metadataIsFree,
  listTypeIsSaid,
  listKeysIdentify,
  setItemsAreScalars,
  emptyObjectIsAtomic,
  defaultIsReachable,
  integersHaveFormat,
  sizesAreBounded,
  patternIsRE2,
  constraintsTeach,
]

function lintNode(node: Node, place: Place): readonly LintProblem[] {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) {
    return [{ path: place.path, message: 'is no schema; every property and item needs one with a type' }]
  }
  const here = checks
    .map((check) => check(node, place))
    .filter((message) => message !== undefined)
    .map((message) => ({ path: place.path || '(root)', message }))
  return [...here, ...childrenOf(node, place).flatMap(([child, childPlace]) => lintNode(child, childPlace))]
}

function childrenOf(node: Node, { path, isRoot }: Place): [Node, Place][] {
  const below = (suffix: string): Place => ({
    path: `${path}${suffix}`,
    isRoot: false,
    isMetadata: isRoot && suffix === '.metadata',
  })
  const {
    properties = {},
    items,
    additionalProperties,
  } = node as { properties?: Node; items?: Node; additionalProperties?: Node }
  return [
    ...Object.entries(properties).map(([name, child]): [Node, Place] => [child as Node, below(`.${name}`)]),
    ...(items === undefined ? [] : [[items, below('[*]')] as [Node, Place]]),
    ...(typeof additionalProperties === 'object' && additionalProperties !== null
      ? [[additionalProperties, below('.*')] as [Node, Place]]
      : []),
  ]
}

const remedies: Readonly<Record<string, string>> = {
  $ref: 'write the schema out; do not use .meta({id})',
  anyOf: 'use optional members and exactlyOneOf',
  oneOf: 'use optional members and exactlyOneOf',
  allOf: 'write one schema',
  not: 'use a constraint',
  nullable: 'leave the member out instead of writing null',
  uniqueItems: 'use setOf',
  readOnly: 'drop .readonly()',
  title: 'use the description',
  contentEncoding: 'keep only a format the API server knows',
  exclusiveMinimum: 'use minimum',
  exclusiveMaximum: 'use maximum',
  patternProperties: 'use textMap with a constraint on its names',
  const: 'use an enum of one',
  k8s: 'merge it into x-kubernetes-*',
}

function keywordsAreKnown(node: Node): string | undefined {
  const unknown = Object.keys(node).find((keyword) => !knownKeywords.includes(keyword))
  return unknown === undefined
    ? undefined
    : `must not hold ${unknown}: ${remedies[unknown] ?? 'no builder of schema.ts makes it'}`
}

function rootIsObject(node: Node, { isRoot }: Place): string | undefined {
  return isRoot && node.type !== 'object' ? 'must have type object' : undefined
}

function typeIsThere(node: Node): string | undefined {
  const needsNone = node['x-kubernetes-int-or-string'] === true
  if (needsNone)
    return node.type === undefined ? undefined : 'must have no type beside x-kubernetes-int-or-string'
  return node.type === undefined
    ? 'must have a type; for free content say object and x-kubernetes-preserve-unknown-fields'
    : undefined
}

function typeIsKnown({ type }: Node): string | undefined {
  if (type === undefined || ['object', 'array', 'string', 'integer', 'boolean'].includes(type as string))
    return undefined
  return type === 'number'
    ? 'must not be a number: write ratios as text'
    : `must not have type ${JSON.stringify(type)}`
}

function descriptionIsThere({ description }: Node, { path, isMetadata }: Place): string | undefined {
  const isOfServer = isMetadata || path.startsWith('.metadata.')
  return isOfServer || (typeof description === 'string' && description.trim() !== '')
    ? undefined
    : 'must have a description'
}

function additionalPropertiesAreLegal(
  { additionalProperties, properties }: Node,
  { isRoot }: Place,
): string | undefined {
  if (additionalProperties === undefined) return undefined
  if (isRoot) return 'must not have additionalProperties at the root'
  if (properties !== undefined) return 'must not have additionalProperties beside properties'
  if (additionalProperties === false)
    return 'must not have additionalProperties: false; unknown members are pruned anyway'
  return typeof additionalProperties === 'object' && Object.keys(additionalProperties as Node).length > 0
    ? undefined
    : 'must give additionalProperties a type; x-kubernetes-preserve-unknown-fields allows free content'
}

function metadataIsFree(node: Node, { isMetadata }: Place): string | undefined {
  if (!isMetadata) return undefined
  const names = Object.keys((node.properties ?? {}) as Node)
  const extra = Object.keys(node).filter((keyword) => !['type', 'properties'].includes(keyword))
  return names.every((name) => name === 'name') && extra.length === 0 ? undefined : 'must restrict only name'
}

function listTypeIsSaid(node: Node): string | undefined {
  return node.type === 'array' && node['x-kubernetes-list-type'] === undefined
    ? 'must say its list type: use sequence, setOf or listBy'
    : undefined
}

function listKeysIdentify(node: Node): string | undefined {
  if (node['x-kubernetes-list-type'] !== 'map') return undefined
  const keys = (node['x-kubernetes-list-map-keys'] ?? []) as readonly string[]
  const items = (node.items ?? {}) as { properties?: Record<string, Node>; required?: readonly string[] }
  if (keys.length === 0) return 'must name the keys of its items'
  const bad = keys.find((key) => {
    const member = items.properties?.[key]
    const isScalar = member !== undefined && !['object', 'array', undefined].includes(member.type as string)
    return !isScalar || !(items.required?.includes(key) || member.default !== undefined)
  })
  return bad === undefined
    ? undefined
    : `must have ${bad} as a scalar in its items that is required or has a default`
}

function setItemsAreScalars(node: Node): string | undefined {
  if (node['x-kubernetes-list-type'] !== 'set') return undefined
  const { type } = (node.items ?? {}) as Node
  return type === 'object' || type === 'array' ? 'must be a set of scalars' : undefined
}

function emptyObjectIsAtomic(node: Node, { path }: Place): string | undefined {
  if (node.type !== 'object' || node['x-kubernetes-map-type'] === 'atomic') return undefined
  const constraints = (node['x-kubernetes-validations'] ?? []) as readonly { rule?: string }[]
  const demandsMember = constraints.some(({ rule = '' }) => /\]\.exists(_one)?\(x, x\)/.test(rule))
  const isWrittenByPeople = path === '.spec' || path.startsWith('.spec.')
  return isWrittenByPeople && !Array.isArray(node.required) && !demandsMember
    ? 'may be written {}, so it must be atomic: server-side apply from {a: 1} to {} is refused otherwise'
    : undefined
}

function defaultIsReachable(node: Node, { isRoot }: Place): string | undefined {
  if (isRoot && node.default !== undefined) return 'must have no default at the root'
  if (node.default !== undefined && !isScalarOf(node)) return 'must have a default of its own type'
  const { properties = {}, required = [] } = node as {
    properties?: Record<string, Node>
    required?: readonly string[]
  }
  const bad = Object.entries(properties).find(
    ([name, child]) => child?.default !== undefined && required.includes(name),
  )
  return bad === undefined
    ? undefined
    : `must not require ${bad[0]}, which has a default: .catch() makes such, .default() does not`
}

function isScalarOf({ default: value, type }: Node): boolean {
  const types: Readonly<Record<string, string>> = { string: 'string', integer: 'number', boolean: 'boolean' }
  return typeof value === types[type as string]
}

function integersHaveFormat(node: Node): string | undefined {
  if (node.type !== 'integer') return undefined
  if (node.format !== 'int64') return 'must have format int64'
  const isUnsafe = (bound: unknown) => typeof bound === 'number' && Math.abs(bound) >= Number.MAX_SAFE_INTEGER
  return isUnsafe(node.minimum) || isUnsafe(node.maximum)
    ? 'must not have the bounds of JavaScript'
    : undefined
}

function sizesAreBounded(node: Node, { path }: Place): string | undefined {
  if (path === '.apiVersion' || path === '.kind') return undefined
  const isText = node.type === 'string' && node.enum === undefined && node.format !== 'date-time'
  if ((isText || node['x-kubernetes-int-or-string'] === true) && node.maxLength === undefined)
    return 'must have a maxLength'
  if (node.type === 'array' && node.maxItems === undefined) return 'must have maxItems'
  return node.additionalProperties !== undefined && node.maxProperties === undefined
    ? 'must have maxProperties'
    : undefined
}

function patternIsRE2({ pattern }: Node): string | undefined {
  if (pattern === undefined) return undefined
  return /\(\?[=!<]|\\[1-9k]|\\\//.test(String(pattern))
    ? 'must have a pattern of RE2: no lookaround, no backreference, no escaped slash'
    : undefined
}

function constraintsTeach(node: Node): string | undefined {
  const rules = (node['x-kubernetes-validations'] ?? []) as readonly { rule?: string; message?: string }[]
  return rules.some(({ rule, message }) => !rule || !message || /[\n]/.test(message) || message.length > 256)
    ? 'must give each constraint its CEL and a message of one line, at most 256 characters'
    : undefined
}

// Label selectors as Kubernetes means them, with the reason why one does not match. `null` and `{}` are opposites: nothing, everything.

export type LabelSelector = {
  readonly matchLabels?: Readonly<Record<string, string>> | undefined
  readonly matchExpressions?: readonly LabelRequirement[] | undefined
}
export type LabelRequirement = {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  readonly values?: readonly string[] | undefined
}
export type Labels = Readonly<Record<string, string>>

/** The empty selector matches everything. */
export function matchesSelector(selector: LabelSelector, labels: Labels): boolean {
  return mismatchOf(selector, labels) === undefined
}

/** Why the selector does not match, as the end of a sentence ("label team is missing"); undefined when it matches. */
export function mismatchOf(selector: LabelSelector, labels: Labels): string | undefined {
  for (const requirement of requirementsOf(selector)) {
    const mismatch = mismatchOfRequirement(requirement, labels)
    if (mismatch !== undefined) return mismatch
  }
  return undefined
}

/** Every condition of the selector as an expression: `matchLabels` are `In` with one value. */
export function requirementsOf(selector: LabelSelector): readonly LabelRequirement[] {
  const ofLabels = Object.entries(selector.matchLabels ?? {}).map(
    ([key, value]): LabelRequirement => ({ key, operator: 'In', values: [value] }),
  )
  return [...ofLabels, ...(selector.matchExpressions ?? [])]
}

/** As kubectl prints it: `tier=front,team in (a,b),!canary`; `everything` for the empty one. */
export function printSelector(selector: LabelSelector): string {
  const texts = requirementsOf(selector).map(printRequirement)
  return texts.length === 0 ? 'everything' : texts.join(',')
}

function mismatchOfRequirement(requirement: LabelRequirement, labels: Labels): string | undefined {
  const { key, operator, values = [] } = requirement
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case 'In':
      if (value === undefined) return `label ${key} is missing, it must be ${oneOf(values)}`
      return values.includes(value) ? undefined : `label ${key} is ${value}, it must be ${oneOf(values)}`
    case 'NotIn':
      // As Kubernetes has it, an absent label satisfies NotIn.
      return value !== undefined && values.includes(value) ? `label ${key} must not be ${value}` : undefined
    case 'Exists':
      return value === undefined ? `label ${key} is missing` : undefined
    case 'DoesNotExist':
      return value === undefined ? undefined : `label ${key} must not be there`
    default:
      // An operator of a newer Kubernetes: nobody can say that it matches.
      return `operator ${operator satisfies never} of label ${key} is not known`
  }
}

function printRequirement({ key, operator, values = [] }: LabelRequirement): string {
  switch (operator) {
    case 'In':
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(',')})`
    case 'NotIn':
      return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${values.join(',')})`
    case 'Exists':
      return key
    case 'DoesNotExist':
      return `!${key}`
    default:
      return `${key} ${operator satisfies never}`
  }
}

function oneOf(values: readonly string[]): string {
  return values.length === 1 ? `${values[0]}` : `one of ${values.join(', ')}`
}

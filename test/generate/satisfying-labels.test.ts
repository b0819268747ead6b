import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type LabelRequirement,
  type LabelSelector,
  matchesSelector,
} from '../../src/domain/label-selector.ts'
import { satisfyingLabels } from '../../src/generate/satisfying-labels.ts'

const given = { 'app.kubernetes.io/managed-by': 'roundsman' }
const expressions = (...matchExpressions: readonly LabelRequirement[]): LabelSelector => ({
  matchExpressions,
})

const satisfied: Readonly<Record<string, [LabelSelector, Readonly<Record<string, string>>]>> = {
  'nothing for the empty selector': [{}, {}],
  'the labels it names': [{ matchLabels: { release: 'stack', team: 'a' } }, { release: 'stack', team: 'a' }],
  'the first value of In': [expressions({ key: 'team', operator: 'In', values: ['b', 'a'] }), { team: 'b' }],
  'any value for Exists': [expressions({ key: 'team', operator: 'Exists' }), { team: 'roundsman' }],
  'a value of In that NotIn leaves': [
    expressions(
      { key: 'team', operator: 'NotIn', values: ['a'] },
      { key: 'team', operator: 'In', values: ['a', 'b'] },
    ),
    { team: 'b' },
  ],
  'a value that is in both In': [
    expressions(
      { key: 'team', operator: 'In', values: ['a', 'b'] },
      { key: 'team', operator: 'In', values: ['b', 'c'] },
    ),
    { team: 'b' },
  ],
  'a value of In for Exists that comes first': [
    expressions({ key: 'team', operator: 'Exists' }, { key: 'team', operator: 'In', values: ['a'] }),
    { team: 'a' },
  ],
  'no label for NotIn and DoesNotExist': [
    expressions({ key: 'team', operator: 'NotIn', values: ['a'] }, { key: 'zone', operator: 'DoesNotExist' }),
    {},
  ],
  'a label that is there already': [
    expressions({ key: 'app.kubernetes.io/managed-by', operator: 'Exists' }),
    {},
  ],
}

describe('sets', () => {
  it.each(Object.entries(satisfied))('%s', (_sentence, [selector, labels]) => {
    expect(satisfyingLabels(selector, given)).toEqual({ labels: { ...given, ...labels } })
  })
})

const unsatisfied: Readonly<Record<string, [LabelSelector, string]>> = {
  'another value of a label of ours': [
    { matchLabels: { 'app.kubernetes.io/managed-by': 'Helm' } },
    'cannot be satisfied: label app.kubernetes.io/managed-by is roundsman, it must be Helm',
  ],
  'the absence of a label of ours': [
    expressions({ key: 'app.kubernetes.io/managed-by', operator: 'DoesNotExist' }),
    'cannot be satisfied: label app.kubernetes.io/managed-by must not be there',
  ],
  'two values at once': [
    expressions({ key: 'a', operator: 'In', values: ['x'] }, { key: 'a', operator: 'In', values: ['y'] }),
    'cannot be satisfied: label a is x, it must be y',
  ],
  'presence and absence': [
    expressions({ key: 'a', operator: 'Exists' }, { key: 'a', operator: 'DoesNotExist' }),
    'cannot be satisfied: label a must not be there',
  ],
  'a mark by which GitOps tools prune': [
    { matchLabels: { 'app.kubernetes.io/instance': 'shop' } },
    'wants label app.kubernetes.io/instance, which Roundsman never sets: GitOps tools would take the object for theirs',
  ],
}

describe('says why it cannot have', () => {
  it.each(Object.entries(unsatisfied))('%s', (_sentence, [selector, problem]) => {
    expect(satisfyingLabels(selector, given)).toEqual({ problem })
  })
})

it('gives labels that match, and gives up only where none do', () => {
  const value = fc.constantFrom('a', 'b')
  const requirement: fc.Arbitrary<LabelRequirement> = fc.record({
    key: fc.constantFrom('x', 'y'),
    operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'),
    values: fc.uniqueArray(value, { minLength: 1 }),
  })
  const values = [undefined, 'a', 'b', 'other']
  const every = values.flatMap((x) => values.map((y) => ({ ...(x && { x }), ...(y && { y }) })))
  fc.assert(
    fc.property(fc.array(requirement, { maxLength: 5 }), (matchExpressions) => {
      const selector = { matchExpressions }
      const result = satisfyingLabels(selector, {})
      if ('labels' in result) expect(matchesSelector(selector, result.labels)).toBe(true)
      else expect(every.filter((labels) => matchesSelector(selector, labels))).toEqual([])
    }),
  )
})

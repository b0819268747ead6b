import { expect, it } from 'vitest'
import {
  type LabelSelector,
  type Labels,
  matchesSelector,
  mismatchOf,
  printSelector,
} from '../../src/domain/label-selector.ts'
import { selectTargets } from '../../src/domain/target-selection.ts'

const labels = { tier: 'front', team: 'a' }

const cases: Readonly<
  Record<string, { selector: LabelSelector; mismatch: string | undefined; printed: string }>
> = {
  'the empty selector matches everything': { selector: {}, mismatch: undefined, printed: 'everything' },
  'labels must be equal': {
    selector: { matchLabels: { tier: 'back', team: 'a' } },
    mismatch: 'label tier is front, it must be back',
    printed: 'tier=back,team=a',
  },
  'In wants one of its values': {
    selector: { matchExpressions: [{ key: 'zone', operator: 'In', values: ['x', 'y'] }] },
    mismatch: 'label zone is missing, it must be one of x, y',
    printed: 'zone in (x,y)',
  },
  'NotIn is satisfied by an absent label': {
    selector: { matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['x', 'y'] }] },
    mismatch: undefined,
    printed: 'zone notin (x,y)',
  },
  'NotIn refuses its values': {
    selector: { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['front'] }] },
    mismatch: 'label tier must not be front',
    printed: 'tier!=front',
  },
  'Exists wants the label': {
    selector: { matchExpressions: [{ key: 'zone', operator: 'Exists' }] },
    mismatch: 'label zone is missing',
    printed: 'zone',
  },
  'DoesNotExist refuses the label': {
    selector: { matchExpressions: [{ key: 'team', operator: 'DoesNotExist' }] },
    mismatch: 'label team must not be there',
    printed: '!team',
  },
  'a key that every object inherits is no label': {
    selector: { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] },
    mismatch: 'label constructor is missing',
    printed: 'constructor',
  },
}

it.each(Object.entries(cases))('%s', (_sentence, { selector, mismatch, printed }) => {
  expect(mismatchOf(selector, labels)).toBe(mismatch)
  expect(matchesSelector(selector, labels)).toBe(mismatch === undefined)
  expect(printSelector(selector)).toBe(printed)
})

const candidates: readonly { readonly name: string; readonly labels: Labels }[] = [
  { name: 'b', labels: { tier: 'front' } },
  { name: 'a', labels: { tier: 'back' } },
  { name: 'c', labels: {} },
]

it('selects the union of names and selector, sorted, and tells the names that nobody has', () => {
  const selection = selectTargets(
    { names: ['x', 'a', 'b'], selector: { matchLabels: { tier: 'front' } } },
    candidates,
  )
  expect(selection.selected.map((target) => target.name)).toEqual(['a', 'b'])
  expect(selection.missing).toEqual(['x'])
})

it('selects nothing without names and selector, and everything with the empty one', () => {
  expect(selectTargets({}, candidates).selected).toEqual([])
  expect(selectTargets({ selector: {} }, candidates).selected).toHaveLength(3)
})

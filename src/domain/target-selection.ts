// Which targets a policy or a silence speaks of: the union of names and label selector, inside one namespace.
import type { InspectionTargetSpec } from '../api/v1alpha1/inspection-target.ts'
import { type LabelSelector, type Labels, matchesSelector } from './label-selector.ts'

export type SelectableTarget = {
  readonly name: string
  readonly labels: Labels
  readonly spec: InspectionTargetSpec
}

export type TargetSelector = {
  readonly names?: readonly string[] | undefined
  readonly selector?: LabelSelector | undefined
}

export type TargetSelection<Target> = {
  readonly selected: readonly Target[] // Sorted by name.
  readonly missing: readonly string[] // Names that no target has, sorted.
}

/** `candidates` are the targets of the selecting object's namespace. Neither names nor selector selects nothing; `{}` selects all. */
export function selectTargets<Target extends { readonly name: string; readonly labels: Labels }>(
  { names = [], selector }: TargetSelector,
  candidates: readonly Target[],
): TargetSelection<Target> {
  const named = new Set(names)
  const selected = candidates.filter(
    (target) =>
      named.has(target.name) || (selector !== undefined && matchesSelector(selector, target.labels)),
  )
  const found = new Set(selected.map((target) => target.name))
  return {
    selected: selected.toSorted((a, b) => compareNames(a.name, b.name)),
    missing: [...named].filter((name) => !found.has(name)).toSorted(compareNames),
  }
}

/** By code unit, so that the order does not depend on a locale. */
function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

// Labels that make an object match a label selector, or the reason why none do.
import { type LabelSelector, type Labels, mismatchOf, requirementsOf } from '../domain/label-selector.ts'

/**
 * `labels` hold everything of `given` and match the selector; they are the fewest that do. `given` values are never changed.
 * A problem is the end of a sentence that begins with the selector.
 */
export function satisfyingLabels(
  selector: LabelSelector,
  given: Labels,
): { readonly labels: Labels } | { readonly problem: string } {
  const labels: Record<string, string> = { ...given }
  const requirements = requirementsOf(selector)
  for (const { key, operator, values = [] } of requirements) {
    if (Object.hasOwn(labels, key)) continue
    if (isForbidden(key) && (operator === 'In' || operator === 'Exists')) {
      return {
        problem: `wants label ${key}, which Roundsman never sets: GitOps tools would take the object for theirs`,
      }
    }
    const refused = requirements
      .filter((other) => other.key === key && other.operator === 'NotIn')
      .flatMap((other) => other.values ?? [])
    // `In` of the same key first, so that `Exists` does not choose a value that `In` refuses.
    const wanted = requirements
      .filter((other) => other.key === key && other.operator === 'In')
      .reduce<readonly string[] | undefined>(
        (common, other) => (other.values ?? []).filter((value) => common?.includes(value) ?? true),
        undefined,
      )
    if (operator === 'In') labels[key] = wanted?.find((value) => !refused.includes(value)) ?? values[0] ?? ''
    if (operator === 'Exists')
      labels[key] = wanted?.find((value) => !refused.includes(value)) ?? anyValueBut(refused)
  }
  const mismatch = mismatchOf(selector, labels)
  return mismatch === undefined ? { labels } : { problem: `cannot be satisfied: ${mismatch}` }
}

/** Keys by which Argo CD, Flux and Helm recognise what is theirs, to prune it. */
function isForbidden(key: string): boolean {
  return (
    key === 'app.kubernetes.io/instance' ||
    /^(?:argocd\.argoproj\.io|(?:kustomize|helm)\.toolkit\.fluxcd\.io|meta\.helm\.sh)\//.test(key)
  )
}

function anyValueBut(refused: readonly string[]): string {
  let value = 'roundsman'
  while (refused.includes(value)) value += '-x'
  return value
}

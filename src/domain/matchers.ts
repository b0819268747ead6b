// Matchers of alerts: what a Silence mutes, in the canonical form in which Alertmanager keeps it, and whether an alert is hit.
import { RE2JS, RE2JSException } from 're2js'
import type { SilenceSpec } from '../api/v1alpha1/silence.ts'
import type { Labels } from './label-selector.ts'
import { anyOf } from './promql.ts'
import type { RemoteMatcher } from './remote-silence.ts'
import { selectTargets } from './target-selection.ts'

/**
 * What the Silence mutes: its own matchers and targets, and always its namespace alone. Canonical: without duplicates, sorted, so that
 * equal meaning is equal text. `candidates` are the targets of its namespace. A name that no target has is kept: its alert may still fire.
 */
export function silenceMatchers(
  spec: SilenceSpec,
  namespace: string,
  candidates: readonly { readonly name: string; readonly labels: Labels }[],
): readonly RemoteMatcher[] {
  const matchers = (spec.matchers ?? []).map(
    ({ name, matchType, value }): RemoteMatcher => ({
      name,
      value,
      isRegex: matchType === '=~' || matchType === '!~',
      isEqual: matchType === '=' || matchType === '=~',
    }),
  )
  const ofTargets = spec.targets === undefined ? [] : [targetMatcher(spec.targets, candidates)]
  return canonicalMatchers([equal('namespace', namespace), ...ofTargets, ...matchers])
}

/** Sorted by name, kind and value, each once. */
export function canonicalMatchers(matchers: readonly RemoteMatcher[]): readonly RemoteMatcher[] {
  const byText = new Map(matchers.map((matcher) => [textOf(matcher), matcher]))
  return [...byText.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, matcher]) => matcher)
}

/** Whether both mean the same: as sets, because Alertmanager's lists come in an order of their own. */
export function sameMatchers(a: readonly RemoteMatcher[], b: readonly RemoteMatcher[]): boolean {
  return JSON.stringify(canonicalMatchers(a).map(textOf)) === JSON.stringify(canonicalMatchers(b).map(textOf))
}

/**
 * As Alertmanager matches: all must hold, an absent label is the empty text, a pattern must match the whole value. Throws on a
 * pattern that RE2 does not read, which the schema has refused.
 */
export function compileMatchers(
  matchers: readonly RemoteMatcher[],
): (labels: ReadonlyMap<string, string>) => boolean {
  const tests = matchers.map(({ name, value, isRegex, isEqual }) => {
    const pattern = isRegex ? RE2JS.compile(value) : undefined
    return (labels: ReadonlyMap<string, string>) => {
      const actual = labels.get(name) ?? ''
      return (pattern === undefined ? actual === value : pattern.testExact(actual)) === isEqual
    }
  })
  return (labels) => tests.every((holds) => holds(labels))
}

/** Whether the pattern matches all of the text; one that RE2 does not read matches nothing. */
export function matchesWhole(pattern: string, text: string): boolean {
  try {
    return RE2JS.compile(pattern).testExact(text)
  } catch (error) {
    if (error instanceof RE2JSException) return false
    throw error
  }
}

/** `name="value"` as Alertmanager prints it. */
export function printMatcher({ name, value, isRegex, isEqual }: RemoteMatcher): string {
  return `${name}${isEqual ? '=' : '!'}${isRegex ? '~' : isEqual ? '' : '='}${JSON.stringify(value)}`
}

function targetMatcher(
  targets: NonNullable<SilenceSpec['targets']>,
  candidates: readonly { readonly name: string; readonly labels: Labels }[],
): RemoteMatcher {
  const { selected, missing } = selectTargets(targets, candidates)
  const names = [...selected.map((target) => target.name), ...missing].toSorted()
  // The empty pattern would match alerts without a target; no target can have this name.
  if (names.length === 0) return equal('target', '-')
  return { name: 'target', value: anyOf(names), isRegex: true, isEqual: true }
}

function equal(name: string, value: string): RemoteMatcher {
  return { name, value, isRegex: false, isEqual: true }
}

/** Sorts by name, then kind, then value: no label name holds a character below the separator. */
function textOf({ name, value, isRegex, isEqual }: RemoteMatcher): string {
  return `${name}\u0000${isEqual ? '=' : '!'}${isRegex ? '~' : '='}${value}`
}

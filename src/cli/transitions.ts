// What changed between two looks, one line each: for a terminal that keeps every line, and for a file. Pure.
import type { Instant } from '../domain/clock.ts'
import type { ActiveAlert } from '../evaluate/ports.ts'
import { ageText, type Standing, type TargetStanding } from './standing.ts'
import { problemText, verdictWords } from './table.ts'
import { oneLine } from './terminal.ts'

/** Empty when nothing changed. Each line begins with the time of day in UTC. */
export function transitionLines(before: Standing | undefined, after: Standing, now: Instant): string[] {
  const lines = [
    ...after.problems
      .filter(isNew(before?.problems, problemText))
      .map((problem) => `✗ ${problemText(problem)}`),
    ...targetLines(before?.targets ?? [], after.targets),
    ...alertLines(before?.alerts ?? [], after.alerts),
  ]
  const time = new Date(now).toISOString().slice(11, 19)
  return lines.map((line) => `${time} ${line}`)
}

function isNew<Item>(before: readonly Item[] = [], keyOf: (item: Item) => string): (item: Item) => boolean {
  const known = new Set(before.map(keyOf))
  return (item) => !known.has(keyOf(item))
}

/** A verdict that is not there yet is no news. */
function targetLines(before: readonly TargetStanding[], after: readonly TargetStanding[]): string[] {
  const former = new Map(before.map((target) => [nameOf(target), target]))
  const changed = after.filter((target) => {
    const known = former.get(nameOf(target))
    return target.verdict !== known?.verdict && target.verdict !== 'Waiting'
  })
  const names = new Set(after.map(nameOf))
  const gone = before.filter((target) => !names.has(nameOf(target)))
  return [
    ...changed.map((target) => targetLine(target, former.get(nameOf(target)))),
    ...gone.map((target) => `- Removed ${nameOf(target)}`),
  ]
}

function targetLine(target: TargetStanding, former: TargetStanding | undefined): string {
  const why = target.why === '' ? '' : `: ${oneLine(target.why)}`
  return `${verdictWords[target.verdict].text} ${nameOf(target)}${why}${durationOf(target, former)}`
}

/** A recovery says how long the trouble lasted. */
function durationOf(target: TargetStanding, former: TargetStanding | undefined): string {
  if (former?.since === undefined || target.since === undefined || former.verdict === 'Waiting') return ''
  return ` (was ${former.verdict} for ${ageText(target.since - former.since)})`
}

function alertLines(before: readonly ActiveAlert[], after: readonly ActiveAlert[]): string[] {
  return [
    ...after
      .filter(isNew(before, alertName))
      .map((alert) => `✗ firing ${alertName(alert)}${silenceOf(alert)}`),
    ...before.filter(isNew(after, alertName)).map((alert) => `✔ resolved ${alertName(alert)}`),
  ]
}

function silenceOf({ silencedBy }: ActiveAlert): string {
  return silencedBy.length === 0 ? '' : ` (silenced by ${silencedBy.join(', ')})`
}

function alertName({ alert, severity, namespace, target, policy, rule }: ActiveAlert): string {
  return `${alert} ${namespace}/${target} (${severity}, rule ${rule} of ${policy.namespace}/${policy.name})`
}

function nameOf({ namespace, name }: TargetStanding): string {
  return `${namespace}/${name}`
}

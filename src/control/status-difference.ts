// Which part of a status a manager owns, and whether writing it again would tell anybody something new (kube:S4). Pure.
import type { FieldManager } from '../reconcile/plan.ts'

type Status = Readonly<Record<string, unknown>>

const proberFields: ReadonlySet<string> = new Set(['verdict', 'since', 'reason', 'message', 'transitions'])
const proberConditions: ReadonlySet<string> = new Set(['Healthy', 'Degraded'])

/** The fields and conditions of `status` that belong to `manager`; all else belongs to the other one. */
export function ownedPart(status: Status, manager: FieldManager): Status {
  const isProber = manager === 'roundsman/prober'
  const fields = Object.entries(status).filter(
    ([name]) => name !== 'conditions' && proberFields.has(name) === isProber,
  )
  const conditions = conditionsOf(status).filter(
    ({ type }) => proberConditions.has(String(type)) === isProber,
  )
  return { ...Object.fromEntries(fields), ...(conditions.length > 0 ? { conditions } : {}) }
}

/**
 * True when `wanted` differs from what `manager` last wrote in something that matters: a condition's status or reason, a verdict, the
 * observed generation, a field. Not: the time of a transition, a number inside a message, anything of a prober's message.
 */
export function isNews(stored: Status, wanted: Status, manager: FieldManager): boolean {
  const [before, after] = [ownedPart(stored, manager), wanted].map((status) =>
    JSON.stringify(essence(status, manager === 'roundsman/prober')),
  )
  return before !== after
}

/** The status with all that is no news taken out, its keys and conditions in a fixed order. */
function essence(value: unknown, isProbers: boolean): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => essence(item, isProbers))
    return items.every((item) => typeof (item as Status)?.type === 'string') ? items.sort(byType) : items
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
    .filter(([name, field]) => field !== undefined && !isNoNews(name, isProbers))
    .map(
      ([name, field]) =>
        [name, isSentence(name) ? withoutNumbers(field) : essence(field, isProbers)] as const,
    )
  return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)))
}

/** A prober's since and transitions change only with its verdict, except after a restart, which is no news. */
function isNoNews(name: string, isProbers: boolean): boolean {
  if (name === 'lastTransitionTime') return true
  return isProbers && (name === 'message' || name === 'since' || name === 'transitions')
}

function isSentence(name: string): boolean {
  return name === 'message' || name === 'problem'
}

function withoutNumbers(sentence: unknown): unknown {
  return typeof sentence === 'string' ? sentence.replace(/\d[\d.:TZ-]*/g, '#') : sentence
}

function conditionsOf(status: Status): readonly Status[] {
  return Array.isArray(status.conditions) ? (status.conditions as readonly Status[]) : []
}

function byType(left: unknown, right: unknown): number {
  return String((left as Status).type) < String((right as Status).type) ? -1 : 1
}

// A silence as Alertmanager's API writes it -> RemoteSilence. Tolerant of unknown fields, strict about those that a decision needs.
import type { RemoteMatcher, RemoteSilence } from '../domain/remote-silence.ts'

type Json = Readonly<Record<string, unknown>>

/** Undefined when it is not a silence: nothing may be concluded from a list that holds such a thing. */
export function readSilence(value: unknown): RemoteSilence | undefined {
  if (!isObject(value)) return undefined
  const { id, startsAt, endsAt, createdBy, comment, annotations } = value
  const state = isObject(value.status) ? value.status.state : undefined
  const matchers = Array.isArray(value.matchers) ? value.matchers.map(readMatcher) : [undefined]
  if (typeof id !== 'string' || !isTime(startsAt) || !isTime(endsAt)) return undefined
  if (state !== 'active' && state !== 'pending' && state !== 'expired') return undefined
  if (matchers.some((matcher) => matcher === undefined)) return undefined
  return {
    id,
    state,
    matchers: matchers.filter((matcher) => matcher !== undefined),
    startsAt: Date.parse(startsAt),
    startsAtText: startsAt,
    endsAt: Date.parse(endsAt),
    createdBy: typeof createdBy === 'string' ? createdBy : '',
    comment: typeof comment === 'string' ? comment : '',
    annotations: isObject(annotations) ? textsOf(annotations) : {},
  }
}

/** `isEqual` is true where it is absent: releases before 0.22 knew no other. */
function readMatcher(value: unknown): RemoteMatcher | undefined {
  if (!isObject(value)) return undefined
  const { name, value: text, isRegex, isEqual = true } = value
  if (typeof name !== 'string' || typeof text !== 'string') return undefined
  if (typeof isRegex !== 'boolean' || typeof isEqual !== 'boolean') return undefined
  return { name, value: text, isRegex, isEqual }
}

function textsOf(record: Json): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(record).filter(([, value]) => typeof value === 'string'),
  ) as Readonly<Record<string, string>>
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value))
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

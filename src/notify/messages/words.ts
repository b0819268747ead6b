// What messages say, as one table a language. A new language is a file that satisfies `Words` and one line in `languages`.
import type { Severity } from '../../api/v1alpha1/alert-policy.ts'
import { english } from './english.ts'

export type Words = {
  readonly firing: string // In the title, before the count.
  readonly resolved: string
  readonly severity: Readonly<Record<Severity, string>>
  readonly fields: Readonly<Record<Field, string>>
  readonly more: (count: number) => string
  readonly repeat: (times: number) => string
  readonly mayBeRepeat: string
  readonly sender: (policy: string, receiver: string) => string
  readonly forDuration: (duration: string) => string
  readonly afterDuration: (duration: string) => string
}

/** The lines of an alert, in this order. */
export const fields = ['severity', 'target', 'summary', 'description', 'reason', 'since', 'ended'] as const
export type Field = (typeof fields)[number]

export const languages = { en: english } as const satisfies Record<string, Words>

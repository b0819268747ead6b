// Reads the API server's audit log: who wrote what, how often, with which answer. See audit-policy.ts for what is in it.
import { readFileSync } from 'node:fs'

/** One request that was answered, as far as the suite looks at it. */
export type AuditEntry = {
  readonly verb: string
  readonly user: { readonly username: string }
  readonly userAgent?: string
  readonly requestURI: string
  readonly objectRef?: {
    readonly apiGroup?: string
    readonly resource?: string
    readonly subresource?: string
    readonly namespace?: string
    readonly name?: string
  }
  readonly responseStatus?: { readonly code: number }
  readonly requestObject?: Readonly<Record<string, unknown>>
  readonly requestReceivedTimestamp: string
  readonly stageTimestamp: string
}

/** What is left out is not asked about. `user` and `resource` are exact; `since` and `until` bound the time of the answer. */
export type AuditFilter = {
  readonly user?: string
  readonly verb?: string
  readonly group?: string
  readonly resource?: string
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
  readonly since?: Date
  readonly until?: Date
}

const writeVerbs = new Set(['create', 'update', 'patch', 'delete', 'deletecollection'])

export class AuditLog {
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  /** All answered requests that match, in the order of their answers; the API server writes a line before it answers. */
  entries(filter: AuditFilter = {}): readonly AuditEntry[] {
    const text = readFileSync(this.#file, 'utf8')
    const complete = text.slice(0, text.lastIndexOf('\n') + 1) // The last line may be half written.
    const lines = complete.split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line) as AuditEntry).filter((entry) => matches(entry, filter))
  }

  /** The writes among them that the API server accepted, dry runs left out. */
  writes(filter: AuditFilter = {}): readonly AuditEntry[] {
    return this.entries(filter).filter(isAcceptedWrite)
  }
}

/** Counts entries by `verb resource`, with the subresource if there is one: `{ 'patch inspectiontargets/status': 2 }`. */
export function countByVerbAndResource(entries: readonly AuditEntry[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { verb, objectRef } of entries) {
    const subresource = objectRef?.subresource ? `/${objectRef.subresource}` : ''
    const key = `${verb} ${objectRef?.resource ?? ''}${subresource}`
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}

function isAcceptedWrite(entry: AuditEntry): boolean {
  const code = entry.responseStatus?.code ?? 0
  return writeVerbs.has(entry.verb) && code >= 200 && code < 300 && !entry.requestURI.includes('dryRun=')
}

function matches(entry: AuditEntry, filter: AuditFilter): boolean {
  const { objectRef } = entry
  const answered = Date.parse(entry.stageTimestamp)
  return (
    is(filter.user, entry.user.username) &&
    is(filter.verb, entry.verb) &&
    is(filter.group, objectRef?.apiGroup ?? '') &&
    is(filter.resource, objectRef?.resource) &&
    is(filter.subresource, objectRef?.subresource) &&
    is(filter.namespace, objectRef?.namespace) &&
    is(filter.name, objectRef?.name) &&
    (filter.since === undefined || answered >= filter.since.getTime()) &&
    (filter.until === undefined || answered <= filter.until.getTime())
  )
}

function is(wanted: string | undefined, found: string | undefined): boolean {
  return wanted === undefined || wanted === found
}

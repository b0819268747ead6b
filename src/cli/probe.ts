// `roundsman probe`: probes each target of some manifests once, by the same prober as the running program, and prints what it found.
import { nearest } from '../api/v1alpha1/nearest.ts'
import { targetReasons } from '../api/v1alpha1/reasons.ts'
import type { Instant } from '../domain/clock.ts'
import { type KubeObject, refOfObject } from '../domain/kube-object.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { ProbeEntry } from '../domain/probe-entry.ts'
import type { Manifests } from '../manifest/parse-manifest.ts'
import { inspectionTarget } from '../reconcile/inspection-target.ts'
import type { Installation, Sources } from '../reconcile/ports.ts'
import { columns } from './columns.ts'
import { sourcesFrom, tellErrors } from './manifest-sources.ts'
import { printed } from './printed.ts'
import { type Colour, coloured, count, type ExitCode, narrate, oneLine, type Terminal } from './terminal.ts'

export type ProbeRequest = {
  readonly manifests: Manifests
  readonly targets: readonly string[] // Names; empty: all.
  readonly output: 'table' | 'json' | 'yaml'
  readonly installation: Installation
  readonly now: Instant
  /** One probe of this entry, now. Never rejects; ends at the entry's timeout. */
  probeOnce(entry: ProbeEntry): Promise<Outcome>
}

/** What other programs get of one probe. `reason` is empty after a success that was not slow. */
export type ProbeResult = Pick<
  Outcome,
  'address' | 'message' | 'durationSeconds' | 'phases' | 'attempts' | 'tls'
> & {
  readonly namespace: string
  readonly target: string
  readonly success: boolean
  readonly reason: string
}

/** More at once would bend each other's latencies. */
const probesAtOnce = 16

export async function probe(request: ProbeRequest, terminal: Terminal): Promise<ExitCode> {
  const { manifests, output } = request
  const hasErrors = tellErrors(manifests, terminal)
  const sources = sourcesFrom(manifests, request.installation)
  const all = sources.objects.list('InspectionTarget')
  const unknown = request.targets.filter((name) => !all.some(({ metadata }) => metadata.name === name))
  if (unknown.length > 0) return refuse(unknown, all, terminal)
  const wanted = all.filter(
    ({ metadata }) => request.targets.length === 0 || request.targets.includes(metadata.name),
  )
  const entries = wanted.flatMap((object) => entryOf(object, sources, request.now, terminal))
  if (entries.length > 0) narrate(terminal, 'doing', `probing ${count(entries.length, 'target')}`)
  const results = (await inParallel(entries, (entry) => resultOf(entry, request))).toSorted(worstFirst)
  terminal.out(output === 'table' ? tableOf(results, terminal.isColour) : printed(results, output))
  return conclude(results, hasErrors, terminal)
}

function refuse(unknown: readonly string[], all: readonly KubeObject[], terminal: Terminal): ExitCode {
  const names = all.map(({ metadata }) => metadata.name)
  for (const name of unknown) {
    const meant = nearest(name, names)
    const hint = meant === undefined ? `there are ${names.join(', ') || 'none'}` : `did you mean ${meant}?`
    narrate(terminal, 'failed', `no target is called ${name}; ${hint}`)
  }
  return 2
}

/** The row that the running program would probe. What has none was told as an error, or is suspended. */
function entryOf(
  object: KubeObject,
  sources: Sources,
  now: Instant,
  terminal: Terminal,
): readonly ProbeEntry[] {
  const world = inspectionTarget.observe(refOfObject(object), sources)
  const change = world === undefined ? undefined : inspectionTarget.decide(world, now).probe
  if (change?.kind === 'set') return [change.entry]
  if ((object.spec as { suspend?: unknown } | undefined)?.suspend === true) {
    narrate(
      terminal,
      'careful',
      `${object.metadata.namespace}/${object.metadata.name} is suspended and is not probed`,
    )
  }
  return []
}

async function resultOf(entry: ProbeEntry, request: ProbeRequest): Promise<ProbeResult> {
  const outcome = await request.probeOnce(entry)
  const { address, message, durationSeconds, phases, attempts, tls } = outcome
  return {
    namespace: entry.namespace,
    target: entry.target,
    ...(address === undefined ? {} : { address }),
    success: outcome.kind === 'ok',
    reason: outcome.kind === 'ok' ? (outcome.soft ?? '') : outcome.reason,
    message,
    durationSeconds,
    phases,
    attempts,
    ...(tls === undefined ? {} : { tls }),
  }
}

async function inParallel<Item, Value>(
  items: readonly Item[],
  work: (item: Item) => Promise<Value>,
): Promise<Value[]> {
  const values: Value[] = []
  const queue = items.entries()
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) values[index] = await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(probesAtOnce, items.length) }, worker))
  return values
}

type Standing = 'failed' | 'unknown' | 'slow' | 'ok'
const standings: readonly Standing[] = ['failed', 'unknown', 'slow', 'ok']
const words: Readonly<Record<Standing, { readonly text: string; readonly colour: Colour }>> = {
  failed: { text: '✗ failed', colour: 'red' },
  unknown: { text: '? unknown', colour: 'yellow' },
  slow: { text: '▲ slow', colour: 'yellow' },
  ok: { text: '✔ ok', colour: 'green' },
}

function standingOf({ success, reason }: ProbeResult): Standing {
  if (success) return reason === '' ? 'ok' : 'slow'
  return Object.hasOwn(targetReasons, reason) ? 'failed' : 'unknown'
}

function worstFirst(left: ProbeResult, right: ProbeResult): number {
  return standings.indexOf(standingOf(left)) - standings.indexOf(standingOf(right))
}

function tableOf(results: readonly ProbeResult[], isColour: boolean): string {
  const rows = results.map((result) => {
    const { text, colour } = words[standingOf(result)]
    const time = `${Math.round(result.durationSeconds * 1000)}ms`
    return [
      result.namespace,
      result.target,
      coloured(text, colour, isColour),
      time,
      result.address ?? '-',
      oneLine([result.reason, result.message].filter((part) => part !== '').join(': ')),
    ]
  })
  if (rows.length === 0) return ''
  return `${columns(['NAMESPACE', 'TARGET', 'RESULT', 'TIME', 'ADDRESS', 'FOUND'], rows).join('\n')}\n`
}

function conclude(results: readonly ProbeResult[], hasErrors: boolean, terminal: Terminal): ExitCode {
  const bad = results.filter(({ success }) => !success).length
  if (bad > 0)
    narrate(terminal, 'failed', `${bad} of ${count(results.length, 'target')} did not answer as expected`)
  else if (results.length === 0) narrate(terminal, 'careful', 'there is no target to probe among these files')
  else narrate(terminal, 'done', `${count(results.length, 'target')} answered as expected`)
  return bad > 0 || hasErrors ? 1 : 0
}

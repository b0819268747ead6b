// The table of `roundsman run`: how everything stands, as lines of text. Pure; live-table.ts brings it to the terminal.
import type { Instant } from '../domain/clock.ts'
import { columns, cut } from './columns.ts'
import {
  ageText,
  type ReceiverStanding,
  type ShownVerdict,
  type Standing,
  sentenceOf,
  shownVerdicts,
  type TargetStanding,
} from './standing.ts'
import { type Colour, coloured, oneLine } from './terminal.ts'

export type TableOptions = {
  readonly now: Instant
  readonly width: number
  readonly height: number // At most so many lines.
  readonly isColour: boolean
  readonly footer: readonly string[] // Where to look further.
}

export const verdictWords: Readonly<
  Record<ShownVerdict, { readonly text: string; readonly colour: Colour }>
> = {
  Unhealthy: { text: '✗ Unhealthy', colour: 'red' },
  Invalid: { text: '✗ Invalid', colour: 'red' },
  Degraded: { text: '▲ Degraded', colour: 'yellow' },
  Unknown: { text: '? Unknown', colour: 'yellow' },
  Waiting: { text: '◎ Waiting', colour: 'dim' },
  Suspended: { text: '- Suspended', colour: 'dim' },
  Healthy: { text: '✔ Healthy', colour: 'green' },
}

export function tableLines(standing: Standing, options: TableOptions): string[] {
  const { now, width, height, isColour, footer } = options
  const sentence = sentenceOf(standing, now)
  const below = [
    ...alertLines(standing, options),
    ...receiverLines(standing, options),
    ...problemLines(standing, options),
  ]
  const tail = footer.map((line) => coloured(line, 'dim', isColour))
  const room = Math.max(1, height - below.length - tail.length - 5) // The sentence, two empty lines, the heading, a line of "more".
  const lines = [sentence, '', ...targetLines(standing.targets, room, options), ...below, '', ...tail]
  return lines.slice(0, height).map((line) => cut(line, width))
}

function targetLines(targets: readonly TargetStanding[], room: number, options: TableOptions): string[] {
  if (targets.length === 0) return []
  const rows = targets
    .slice(0, room)
    .map(({ namespace, name, verdict, since, why }) => [
      namespace,
      name,
      coloured(verdictWords[verdict].text, verdictWords[verdict].colour, options.isColour),
      since === undefined ? '-' : ageText(options.now - since),
      oneLine(why),
    ])
  const lines = columns(['NAMESPACE', 'NAME', 'VERDICT', 'SINCE', 'WHY'], rows, options.width)
  return targets.length <= room ? lines : [...lines, `… and ${moreOf(targets.slice(room))}`]
}

/** `23 Healthy, 1 Suspended`. */
function moreOf(targets: readonly TargetStanding[]): string {
  return shownVerdicts
    .map((verdict) => [verdict, targets.filter((target) => target.verdict === verdict).length] as const)
    .filter(([, count]) => count > 0)
    .map(([verdict, count]) => `${count} ${verdict}`)
    .join(', ')
}

function alertLines({ alerts }: Standing, { now, width, isColour }: TableOptions): string[] {
  if (alerts.length === 0) return []
  const rows = alerts.map(
    ({ severity, alert, namespace, target, firingSince, since, silencedBy, annotations }) => [
      coloured(severity, severity === 'critical' ? 'red' : 'yellow', isColour),
      alert,
      `${namespace}/${target}`,
      ageText(now - (firingSince ?? since)),
      silencedBy.length > 0
        ? `silenced by ${silencedBy.join(', ')}`
        : oneLine(annotations.get('summary') ?? ''),
    ],
  )
  return ['', ...columns(['SEVERITY', 'ALERT', 'TARGET', 'FIRING', 'WHAT'], rows, width)]
}

function receiverLines({ receivers }: Standing, { now, width, isColour }: TableOptions): string[] {
  if (receivers.length === 0) return []
  const rows = receivers.map((record) => [
    record.receiver,
    record.policy,
    record.lastDeliveryAt === undefined ? '-' : `${ageText(now - record.lastDeliveryAt)} ago`,
    troubleOf(record, isColour),
  ])
  return ['', ...columns(['RECEIVER', 'POLICY', 'LAST TOLD', 'TROUBLE'], rows, width)]
}

function troubleOf({ failingSince, lastFailure }: ReceiverStanding, isColour: boolean): string {
  if (failingSince === undefined || lastFailure === undefined) return '-'
  return coloured(`✗ ${lastFailure.reason}: ${oneLine(lastFailure.message)}`, 'red', isColour)
}

function problemLines({ problems }: Standing, { isColour }: TableOptions): string[] {
  if (problems.length === 0) return []
  return ['', ...problems.map((problem) => coloured(`✗ ${problemText(problem)}`, 'red', isColour))]
}

export function problemText({ file, line, message }: Standing['problems'][number]): string {
  return oneLine(`${file}:${line}: ${message}`)
}

// What a person sees of the standalone program: the live table on stdout, put together from the store and the judge; the log above it.
import { LiveTable } from '../cli/live-table.ts'
import { type ReceiverStanding, type Standing, standingOf } from '../cli/standing.ts'
import { shownPath } from '../cli/terminal.ts'
import type { Clock } from '../domain/clock.ts'
import type { KubeObject } from '../domain/kube-object.ts'
import type { ManifestFolder } from '../files/folder.ts'
import type { Core } from './core.ts'
import type { Display } from './standalone.ts'

export type TerminalDisplay = Display & {
  /** Whole lines of others; on a terminal they come to stand above the table. */
  print(lines: string): void
}

export function terminalDisplay({
  output,
  clock,
  isColourWanted,
}: {
  readonly output: NodeJS.WriteStream
  readonly clock: Clock
  readonly isColourWanted: boolean
}): TerminalDisplay {
  const isTerminal = output.isTTY === true
  const table = new LiveTable(
    {
      isTerminal,
      isColour: isTerminal && isColourWanted,
      write: (text) => void output.write(text),
      size: () => ({ columns: output.columns ?? 80, rows: output.rows ?? 24 }),
    },
    clock,
  )
  return {
    print: (lines) => table.print(lines),
    start: (core, folder, hints) => {
      const results = `results http://${core.address}/metrics/targets, all endpoints http://${core.address}/`
      table.start(() => look(core, folder), [results, ...hints])
      return { stop: () => table.stop() }
    },
  }
}

function look({ controlPlane, probes, judge }: Core, folder: ManifestFolder): Standing {
  const { store } = controlPlane
  return standingOf({
    targets: store.list('InspectionTarget'),
    reportOf: (uid) => probes.report(uid),
    alerts: judge.alerts(),
    receivers: store.list('AlertPolicy').flatMap((policy) => receiversOf(policy, judge)),
    problems: folder.problems.map((problem) => ({
      ...problem,
      file: shownPath(problem.file, process.cwd()),
    })),
  })
}

function receiversOf({ metadata }: KubeObject, judge: Core['judge']): readonly ReceiverStanding[] {
  const { uid = '', namespace = '', name } = metadata
  return judge.receivers(uid).map((record) => ({ ...record, policy: `${namespace}/${name}` }))
}

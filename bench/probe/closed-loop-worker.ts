// The probe worker with another clockwork: a fixed number of probes in flight, each followed at once by the next, instead of a schedule.
// Everything else is the program's own: attempts, verdicts, batches to the main thread.
import { parentPort, workerData } from 'node:worker_threads'
import type { VerdictState } from '../../src/domain/verdict.ts'
import { judge } from '../../src/domain/verdict.ts'
import { Reporter } from '../../src/probe/reporter.ts'
import type { PreparedProbe } from '../../src/probe/runner.ts'
import { createProbeThread } from '../../src/probe/thread.ts'
import type { ToWorker, WorkerSetup } from '../../src/probe/worker-messages.ts'
import { systemClock } from '../../src/program/system-clock.ts'

type Row = {
  readonly uid: string
  readonly run: PreparedProbe
  readonly set: ToWorker & { kind: 'set' }
  state: VerdictState
}

const { settings, inFlight } = workerData as WorkerSetup
const concurrency = settings.inFlightMax ?? 10
const thread = createProbeThread(settings, systemClock, (_entry, error) => console.error(error))
const reporter = new Reporter({
  timers: thread.timers,
  inFlight: new Uint8Array(inFlight),
  send: (batch) => parentPort?.postMessage(batch),
  takePace: () => undefined,
})
const rows: Row[] = []
let next = 0
let running = 0

parentPort?.on('message', (message: ToWorker) => {
  if (message.kind !== 'set') return
  const { id, flag, entry, state } = message
  reporter.know(entry.uid, { id, flag })
  rows.push({ uid: entry.uid, run: thread.runner.prepare(entry), set: message, state })
  if (running < concurrency) {
    running += 1
    void loop()
  }
})

async function loop(): Promise<void> {
  for (;;) {
    const row = rows[next % rows.length]
    next += 1
    if (row === undefined) return
    reporter.started(row.uid)
    const result = await row.run(new AbortController().signal)
    if (result.kind !== 'ended') continue
    row.state = judge(row.state, result.outcome, systemClock.now(), row.set.entry.limits)
    reporter.ended(row.uid, result.outcome, row.state)
    reporter.due(row.uid, systemClock.now())
  }
}

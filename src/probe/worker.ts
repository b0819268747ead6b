// Entry of a probe worker: a thread of its own, so that nothing the main thread does bends a measurement. Like main.ts it may read the
// machine's clock; everything else gets it passed in.
import { parentPort, workerData } from 'node:worker_threads'
import type { Clock } from '../domain/clock.ts'
import { Reporter } from './reporter.ts'
import { ProbeScheduler } from './scheduler.ts'
import { createProbeThread } from './thread.ts'
import type { ToWorker, WorkerSetup } from './worker-messages.ts'

/** setTimeout takes no more; the timers look again. */
const delayMaxMs = 2 ** 31 - 1

const clock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    const timeout = setTimeout(callback, Math.min(Math.ceil(delayMs), delayMaxMs)) // Else Node rounds down and wakes us twice.
    return () => clearTimeout(timeout)
  },
}

if (parentPort !== null) serve(parentPort, workerData as WorkerSetup)

function serve(main: NonNullable<typeof parentPort>, { settings, inFlight }: WorkerSetup): void {
  const thread = createProbeThread(settings, clock, (entry, error) => reporter.defect(entry, error))
  const reporter = new Reporter({
    timers: thread.timers,
    inFlight: new Uint8Array(inFlight),
    send: (batch) => main.postMessage(batch),
    takePace: () => scheduler.takePace(),
  })
  const scheduler = new ProbeScheduler({
    clock,
    timers: thread.timers,
    prepare: (entry) => thread.runner.prepare(entry),
    listener: reporter,
    ...(settings.inFlightMax === undefined ? {} : { inFlightMax: settings.inFlightMax }),
  })
  main.on('message', (message: ToWorker) => {
    if (message.kind === 'remove') {
      scheduler.remove(message.uid)
      reporter.forget(message.uid)
      return
    }
    reporter.know(message.entry.uid, { id: message.id, flag: message.flag })
    scheduler.set(message.entry, message.state)
  })
}

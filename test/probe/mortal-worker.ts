// The real probe worker, but it dies when it is told of a target called "fatal".
import { parentPort } from 'node:worker_threads'
import '../../src/probe/worker.ts'
import type { ToWorker } from '../../src/probe/worker-messages.ts'

parentPort?.on('message', (message: ToWorker) => {
  if (message.kind === 'set' && message.entry.target === 'fatal') process.exit(9)
})

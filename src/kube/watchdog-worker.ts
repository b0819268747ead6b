// The thread of watchdog.ts: sleeps until the main thread says something, and ends the process when it says nothing for too long.
import { workerData } from 'node:worker_threads'
import { allowancePlace, closed, disarmed, wordPlace } from './watchdog.ts'

// After SIGCONT every timer of the process is late at once: the main thread gets this long to step down by itself.
const graceMs = 1_000

const shared = workerData as Int32Array

for (;;) {
  const word = Atomics.load(shared, wordPlace)
  const allowance = Atomics.load(shared, allowancePlace)
  if (allowance === closed) break
  const isSilent = !hearsWithin(word, allowance === disarmed ? Number.POSITIVE_INFINITY : allowance)
  // `process.exit` would end this thread only, and a blocked loop runs no handler.
  if (isSilent && !hearsWithin(word, graceMs)) process.kill(process.pid, 'SIGKILL')
}

function hearsWithin(word: number, ms: number): boolean {
  return Atomics.wait(shared, wordPlace, word, ms) !== 'timed-out'
}

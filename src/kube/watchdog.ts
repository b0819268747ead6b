// Ends the process when the loop of a leader is blocked past its deadline: it could neither renew nor step down, and whatever it was about
// to write would come from a leader that is none (kube:L6). Runs in a thread of its own; never renews anything.
import { Worker } from 'node:worker_threads'
import type { Watchdog } from './elector.ts'

/** Shared with the thread, as two numbers: one that grows with every word, and what the word is. */
export const wordPlace = 0
export const allowancePlace = 1
export const disarmed = -1
export const closed = -2

export type ThreadWatchdog = Watchdog & { close(): Promise<void> }

/** `workerFile`: watchdog-worker.ts, or what it was bundled to. */
export function startWatchdog(workerFile: URL): ThreadWatchdog {
  const shared = new Int32Array(new SharedArrayBuffer(8))
  const say = (allowance: number): void => {
    Atomics.store(shared, allowancePlace, allowance)
    Atomics.add(shared, wordPlace, 1)
    Atomics.notify(shared, wordPlace)
  }
  Atomics.store(shared, allowancePlace, disarmed)
  const worker = new Worker(workerFile, { name: 'watchdog', workerData: shared })
  worker.unref() // It must not keep alive what it watches.
  return {
    arm: (withinMs) => say(Math.max(0, Math.ceil(withinMs))),
    disarm: () => say(disarmed),
    close: async () => {
      say(closed)
      await worker.terminate()
    },
  }
}

// The process that follows: `follow.ts FOLDER HOST PORT SECONDS` fills a store from the API server, prints what that took, listens for so
// many seconds, and prints how quiet it was.
import { Store } from '../../src/control/store.ts'
import { connectKube } from '../../src/kube/connect.ts'
import { noObserver } from '../../src/kube/observers.ts'
import { systemClock } from '../../src/program/system-clock.ts'

export type FilledFigures = {
  readonly objects: number
  readonly ms: number
  readonly heapMiB: number // What the store holds, after a collection.
  readonly longestPauseMs: number
}
export type QuietFigures = { readonly relists: number; readonly failures: number }

const [folder = '', host = '', port = '', seconds = ''] = process.argv.slice(2)
const ignore = (): void => {}
const heapMiB = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 1024 / 1024
}

let relists = 0
let failures = 0
const store = new Store()
const before = heapMiB()
const began = performance.now()

let longestPauseMs = 0
let lastBeat = performance.now()
const beating = setInterval(() => {
  longestPauseMs = Math.max(longestPauseMs, performance.now() - lastBeat - 10)
  lastBeat = performance.now()
}, 10)

const { source, close } = await connectKube({
  location: { kind: 'inCluster', host, port, folder },
  clock: systemClock,
  random: Math.random,
  log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  observer: {
    ...noObserver,
    reflectors: {
      ...noObserver.reflectors,
      relisted: (_, reason) => {
        if (reason !== 'failed') relists += 1
      },
      watchFailed: (kind, code) => {
        if (code !== '404' || kind === 'InspectionTarget') failures += 1 // Kinds that are not served are looked for again and again.
      },
    },
  },
  identity: 'follower',
  lease: { name: 'roundsman' },
  watchdogFile: new URL('../../src/kube/watchdog-worker.ts', import.meta.url),
})
const filled = new Promise<void>((resolve) => {
  store.onAvailability((kind, { state }) => {
    if (kind === 'InspectionTarget' && state === 'synced') resolve()
  })
})
source.start(store)
await filled
const ms = performance.now() - began
clearInterval(beating)
print<FilledFigures>({
  objects: store.list('InspectionTarget').length,
  ms,
  heapMiB: heapMiB() - before,
  longestPauseMs,
})

await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1_000))
print<QuietFigures>({ relists, failures })
await source.stop()
await close()

function print<Figures>(figures: Figures): void {
  process.stdout.write(`${JSON.stringify(figures)}\n`)
}

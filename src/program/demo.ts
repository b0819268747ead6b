// The demo behind `npm start`: the sample service that manifests/examples inspect, and settings under which its story is told in seconds.
import type { Settings } from '../config.ts'
import { type Demo, startDemo } from '../demo/demo.ts'
import type { Clock } from '../domain/clock.ts'

/** Where manifests/examples look for it. */
const host = '127.0.0.1'
export const demoPort = 9798

/** Rejects with the system's error when its port is taken. */
export function startDemoService(clock: Clock): Promise<Demo> {
  return startDemo({ host, port: demoPort, after: (delayMs, callback) => clock.after(delayMs, callback) })
}

/** Its inbox may be told, and what fires is told within seconds. */
export function demoSettings(settings: Settings): Settings {
  const { sinks } = settings
  return {
    ...settings,
    sinks: { ...sinks, allowed: [...sinks.allowed, `${host}:${demoPort}`] },
    judge: { scrapeMs: 1_000, evaluateMs: 1_000 },
  }
}

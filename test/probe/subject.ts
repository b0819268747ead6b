// A prober under test: real sockets, a clock that stands still. What takes time happens when the test turns the clock.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { Dial, HttpProbe, ProbeEntry } from '../../src/domain/probe-entry.ts'
import type { ProbeResult } from '../../src/probe/runner.ts'
import type { ProbeSettings } from '../../src/probe/settings.ts'
import { createProbeThread, type ProbeThread } from '../../src/probe/thread.ts'
import { FakeClock } from '../fakes/clock.ts'

export type Subject = {
  readonly clock: FakeClock
  readonly thread: ProbeThread
  readonly defects: unknown[]
  /** Runs the entry's probe once, to its outcome. */
  readonly outcome: (entry: ProbeEntry) => Promise<Outcome>
  readonly result: (entry: ProbeEntry, signal?: AbortSignal) => Promise<ProbeResult>
}

export function subject(
  over: Partial<ProbeSettings> & { readonly hosts?: string; readonly resolvConf?: string } = {},
): Subject {
  const { hosts = '127.0.0.1 localhost shop.test other.test\n', resolvConf = '', ...settings } = over
  const clock = new FakeClock()
  const defects: unknown[] = []
  const thread = createProbeThread(
    {
      addressPolicy: { loopback: 'allowed' },
      hostsFile: temporaryFile(hosts),
      resolverFile: temporaryFile(resolvConf),
      ...settings,
    },
    clock,
    (_entry, error) => defects.push(error),
  )
  onTestFinished(() => thread.close())
  const result = (entry: ProbeEntry, signal = new AbortController().signal) =>
    thread.runner.prepare(entry)(signal)
  return {
    clock,
    thread,
    defects,
    result,
    outcome: async (entry) => {
      const ended = await result(entry)
      if (ended.kind !== 'ended') throw new Error(`expected an outcome, got ${ended.kind}`)
      return ended.outcome
    },
  }
}

export function entryOf(probe: ProbeEntry['probe'], over: Partial<ProbeEntry> = {}): ProbeEntry {
  const intervalMs = over.intervalMs ?? 30_000
  return {
    uid: 'b0a1c2d3-0000-4000-8000-000000000001',
    namespace: 'shop',
    target: 'checkout',
    intervalMs,
    timeoutMs: 5_000,
    limits: { failureThreshold: 3, successThreshold: 1, intervalMs },
    probe,
    ...over,
  }
}

/** An HTTP probe of a URL, dialled by the name in it. */
export function httpEntry(
  url: string,
  expect: Partial<HttpProbe['expect']> & { readonly dial?: Dial } = {},
  over: Partial<ProbeEntry> = {},
): ProbeEntry {
  const { dial = dialOf(url), ...rest } = expect
  return entryOf({ type: 'http', url, dial, expect: { status: ['2xx'], body: [], ...rest } }, over)
}

export function tcpEntry(
  port: number,
  over: Partial<ProbeEntry> & { readonly host?: string } = {},
): ProbeEntry {
  const { host = '127.0.0.1', ...rest } = over
  return entryOf({ type: 'tcp', dial: { by: 'name', host, port } }, rest)
}

export function reasonOf(outcome: Outcome): string {
  return outcome.kind === 'ok' ? 'ok' : outcome.reason
}

function dialOf(text: string): Dial {
  const url = new URL(text.includes('://') ? text : `http://${text}`)
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
  return { by: 'name', host: url.hostname, port }
}

export function temporaryFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'roundsman-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'file')
  writeFileSync(path, text)
  return path
}

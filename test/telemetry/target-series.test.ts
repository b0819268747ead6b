import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { ProbeEntry } from '../../src/domain/probe-entry.ts'
import { initialState, judge, type VerdictState } from '../../src/domain/verdict.ts'
import { createTargetSeries } from '../../src/telemetry/target-series.ts'
import { FakeClock } from '../fakes/clock.ts'

const facts = {
  startedAt: 1_767_225_600_000,
  durationSeconds: 0.25,
  phases: {},
  attempts: 1,
  measurementDegraded: false,
}

const httpsOk: Outcome = {
  ...facts,
  kind: 'ok',
  address: '10.2.3.4:443',
  ipVersion: 4,
  phases: { resolve: 0.003, connect: 0.008, tls: 0.04, processing: 0.19, transfer: 0.009 },
  http: {
    statusCode: 200,
    version: 1.1,
    redirects: 1,
    ssl: true,
    failedDueToRegex: false,
    contentLength: 84,
    uncompressedBodyLength: 84,
    lastModified: 1_767_000_000,
  },
  tls: {
    version: 'TLSv1.3',
    cipher: 'TLS_AES_128_GCM_SHA256',
    verifyResult: 'OK',
    earliestExpiry: 1_800_000_000,
    leafExpiry: 1_800_000_001,
    chain: {
      expiry: 1_800_000_000,
      fingerprintSha256: 'ab12',
      subject: 'CN=shop',
      issuer: 'CN=root',
      subjectAlternative: 'shop.test',
      serialNumber: '0f',
    },
  },
  message: 'got 200',
}
const refused: Outcome = {
  ...facts,
  kind: 'failed',
  reason: 'ConnectRefused',
  address: '10.2.3.4:80',
  ipVersion: 4,
  phases: { connect: 0.001 },
  message: 'connection refused',
}
const tcpOk: Outcome = {
  ...facts,
  kind: 'ok',
  address: '[::1]:5432',
  ipVersion: 6,
  phases: { connect: 0.001 },
  message: 'connected',
}
const noResolver: Outcome = { ...facts, kind: 'unknown', reason: 'InternalResolver', message: 'no resolver' }

function entryOf(over: Partial<ProbeEntry> = {}): ProbeEntry {
  const intervalMs = over.intervalMs ?? 30_000
  return {
    uid: over.target ?? 'checkout',
    namespace: 'shop',
    target: 'checkout',
    intervalMs,
    timeoutMs: 5_000,
    limits: { failureThreshold: 3, successThreshold: 1, intervalMs },
    probe: { type: 'tcp', dial: { by: 'address', ip: '10.2.3.4', port: 80 } },
    ...over,
  }
}

/** A series store to which outcomes of one target are told; `text` is what an exposition says. */
function told(outcomes: readonly Outcome[], over: Partial<ProbeEntry> = {}) {
  const clock = new FakeClock()
  const series = createTargetSeries({ clock })
  const entry = entryOf(over)
  let state: VerdictState = initialState(clock.now())
  series.onEntry(entry, state)
  for (const outcome of outcomes) {
    state = judge(state, outcome, clock.now(), entry.limits)
    series.onOutcome(entry, outcome, state)
  }
  return { clock, series, entry, state, text: () => [...series.exposition()].join('') }
}

function namesIn(text: string): string[] {
  const names = text.split('\n').flatMap((line) => /^([a-z_]+)[{ ]/.exec(line)?.[1] ?? [])
  return [...new Set(names)]
}

const always = [
  'roundsman_target_verdict',
  'roundsman_target_info',
  'roundsman_probes_total',
  'roundsman_probe_measurement_degraded_total',
  'roundsman_schedule_skipped_total',
  'roundsman_schedule_lateness_seconds_bucket',
  'roundsman_schedule_lateness_seconds_sum',
  'roundsman_schedule_lateness_seconds_count',
]

test('a good https probe has exactly these series', () => {
  const { series, entry, text } = told([httpsOk], {
    probe: { type: 'http', unrunnable: { reason: 'ConfigInvalid', message: '' } },
  })
  series.onDue(entry, facts.startedAt + 30_000)
  expect(
    text()
      .split('\n')
      .filter((line) => !line.startsWith('#') && !line.includes('schedule')),
  ).toMatchInlineSnapshot(`
    [
      "probe_success{namespace="shop",target="checkout"} 1",
      "probe_duration_seconds{namespace="shop",target="checkout"} 0.25",
      "probe_timeout_seconds{namespace="shop",target="checkout"} 5",
      "probe_dns_lookup_time_seconds{namespace="shop",target="checkout"} 0.003",
      "probe_ip_protocol{namespace="shop",target="checkout"} 4",
      "probe_ip_addr_hash{namespace="shop",target="checkout"} 354439946",
      "probe_http_status_code{namespace="shop",target="checkout"} 200",
      "probe_http_version{namespace="shop",target="checkout"} 1.1",
      "probe_http_ssl{namespace="shop",target="checkout"} 1",
      "probe_http_redirects{namespace="shop",target="checkout"} 1",
      "probe_failed_due_to_regex{namespace="shop",target="checkout"} 0",
      "probe_http_duration_seconds{namespace="shop",target="checkout",phase="resolve"} 0.003",
      "probe_http_duration_seconds{namespace="shop",target="checkout",phase="connect"} 0.008",
      "probe_http_duration_seconds{namespace="shop",target="checkout",phase="tls"} 0.04",
      "probe_http_duration_seconds{namespace="shop",target="checkout",phase="processing"} 0.19",
      "probe_http_duration_seconds{namespace="shop",target="checkout",phase="transfer"} 0.009",
      "probe_http_content_length{namespace="shop",target="checkout"} 84",
      "probe_http_uncompressed_body_length{namespace="shop",target="checkout"} 84",
      "probe_http_last_modified_timestamp_seconds{namespace="shop",target="checkout"} 1767000000",
      "probe_ssl_earliest_cert_expiry{namespace="shop",target="checkout"} 1800000000",
      "probe_ssl_last_chain_expiry_timestamp_seconds{namespace="shop",target="checkout"} 1800000000",
      "probe_ssl_last_chain_info{namespace="shop",target="checkout",fingerprint_sha256="ab12",subject="CN=shop",issuer="CN=root",subjectalternative="shop.test",serialnumber="0f"} 1",
      "probe_tls_version_info{namespace="shop",target="checkout",version="TLS 1.3"} 1",
      "probe_tls_cipher_info{namespace="shop",target="checkout",cipher="TLS_AES_128_GCM_SHA256"} 1",
      "roundsman_probe_tls_verify_result{namespace="shop",target="checkout",code="OK"} 1",
      "roundsman_probe_ssl_leaf_cert_expiry{namespace="shop",target="checkout"} 1800000001",
      "roundsman_target_verdict{namespace="shop",target="checkout",verdict="Healthy"} 1",
      "roundsman_target_verdict{namespace="shop",target="checkout",verdict="Degraded"} 0",
      "roundsman_target_verdict{namespace="shop",target="checkout",verdict="Unhealthy"} 0",
      "roundsman_target_verdict{namespace="shop",target="checkout",verdict="Unknown"} 0",
      "roundsman_target_info{namespace="shop",target="checkout",type="http"} 1",
      "roundsman_probe_ok_duration_seconds{namespace="shop",target="checkout"} 0.25",
      "roundsman_probe_next_due_timestamp_seconds{namespace="shop",target="checkout"} 1767225630",
      "roundsman_probe_last_run_timestamp_seconds{namespace="shop",target="checkout"} 1767225600",
      "roundsman_probe_attempts{namespace="shop",target="checkout"} 1",
      "roundsman_probes_total{namespace="shop",target="checkout",result="ok"} 1",
      "roundsman_probes_total{namespace="shop",target="checkout",result="degraded"} 0",
      "roundsman_probes_total{namespace="shop",target="checkout",result="failed"} 0",
      "roundsman_probes_total{namespace="shop",target="checkout",result="unknown"} 0",
      "roundsman_probe_measurement_degraded_total{namespace="shop",target="checkout"} 0",
      "",
    ]
  `)
})

test('a refused connection has exactly these series: what was not measured is absent', () => {
  const { text } = told([refused])
  expect(namesIn(text()).sort()).toEqual(
    [
      ...always,
      'probe_success',
      'probe_duration_seconds',
      'probe_timeout_seconds',
      'probe_ip_protocol',
      'probe_ip_addr_hash',
      'roundsman_probe_failure_info',
      'roundsman_probe_failures_total',
      'roundsman_probe_last_run_timestamp_seconds',
      'roundsman_probe_attempts',
    ].sort(),
  )
  expect(text()).toContain('probe_success{namespace="shop",target="checkout"} 0\n')
  expect(text()).toContain(
    'roundsman_probe_failure_info{namespace="shop",target="checkout",reason="ConnectRefused"} 1\n',
  )
})

test('a good tcp probe has no phases', () => {
  expect(namesIn(told([tcpOk]).text()).sort()).toEqual(
    [
      ...always,
      'probe_success',
      'probe_duration_seconds',
      'probe_timeout_seconds',
      'probe_ip_protocol',
      'probe_ip_addr_hash',
      'roundsman_probe_ok_duration_seconds',
      'roundsman_probe_last_run_timestamp_seconds',
      'roundsman_probe_attempts',
    ].sort(),
  )
})

test('an unknown outcome writes nothing that a rule could take for a failure', () => {
  const names = namesIn(told([httpsOk, noResolver]).text())
  expect(names.filter((name) => name.startsWith('probe_'))).toEqual([])
  expect(names).toContain('roundsman_probe_failure_info')
})

test('all four results are counted from the first exposition on', () => {
  expect(told([]).text()).toContain(
    ['ok', 'degraded', 'failed', 'unknown']
      .map((result) => `roundsman_probes_total{namespace="shop",target="checkout",result="${result}"} 0\n`)
      .join(''),
  )
  const { text } = told([
    httpsOk,
    { ...httpsOk, soft: 'AssertionLatency' } as Outcome,
    refused,
    refused,
    noResolver,
  ])
  const totals = [...text().matchAll(/roundsman_probes_total{.*result="(\w+)"} (\d+)/g)].map(
    ([, result, count]) => `${result} ${count}`,
  )
  expect(totals).toEqual(['ok 1', 'degraded 1', 'failed 2', 'unknown 1'])
  expect(text()).toContain(
    'roundsman_probe_failures_total{namespace="shop",target="checkout",reason="ConnectRefused"} 2\n',
  )
})

test('the verdict is one-hot', () => {
  const { text } = told([refused, refused, refused])
  const verdicts = [...text().matchAll(/roundsman_target_verdict{.*verdict="(\w+)"} (\d)/g)].map(
    ([, verdict, value]) => `${verdict} ${value}`,
  )
  expect(verdicts).toEqual(['Healthy 0', 'Degraded 0', 'Unhealthy 1', 'Unknown 0'])
})

test('a target that goes takes all its series along, at once', () => {
  const { series, entry, text } = told([httpsOk])
  series.onRemoved(entry)
  expect(text()).not.toContain('checkout')
  series.onOutcome(entry, httpsOk, initialState(0)) // A late word of the worker.
  expect(text()).not.toContain('checkout')
  expect(series.scrape()).toEqual([])
})

test('a result older than three intervals is out, the target itself is not', () => {
  const { series, entry, text, clock } = told([httpsOk])
  series.onDue(entry, facts.startedAt)
  clock.advance(90_000)
  expect(text()).toContain('probe_success')
  clock.advance(1)
  const names = namesIn(text())
  expect(names.filter((name) => name.startsWith('probe_'))).toEqual([])
  expect(names).toEqual(
    expect.arrayContaining([
      'roundsman_target_info',
      'roundsman_probe_next_due_timestamp_seconds',
      'roundsman_probes_total',
    ]),
  )
  expect(text()).toContain('verdict="Unknown"} 1')
  expect(series.scrape()[0]).toMatchObject({ verdict: 'Unknown' })
})

test('a verdict known from before a restart shows until the first outcome, but not for ever', () => {
  const { series, text, clock } = told([])
  series.onEntry(entryOf(), { ...initialState(0), verdict: 'Unhealthy', reason: 'HttpStatus' })
  expect(text()).toContain('verdict="Unhealthy"} 1')
  clock.advance(90_001)
  expect(text()).toContain('verdict="Unhealthy"} 0')
})

test('a change of the entry keeps the counts', () => {
  const { series, text, state } = told([httpsOk])
  series.onEntry(entryOf({ timeoutMs: 900 }), state)
  expect(text()).toContain('result="ok"} 1')
  expect(text()).toContain('probe_timeout_seconds{namespace="shop",target="checkout"} 0.9\n')
})

test('the local judge reads the same as a scrape would', () => {
  expect(told([httpsOk]).series.scrape()).toEqual([
    {
      namespace: 'shop',
      target: 'checkout',
      verdict: 'Healthy',
      message: 'got 200',
      okDurationSeconds: 0.25,
      probesTotal: { ok: 1, degraded: 0, failed: 0, unknown: 0 },
    },
  ])
  expect(told([refused]).series.scrape()[0]).toMatchObject({
    verdict: 'Unknown',
    failureReason: 'ConnectRefused',
    message: 'connection refused',
  })
  expect(told([refused]).series.scrape()[0]).not.toHaveProperty('okDurationSeconds')
})

test('skips and lateness add up over all workers and times', () => {
  const { series, text } = told([])
  const skipped = { 'still-running': 1, late: 0, 'worker-busy': 2, 'address-busy': 0 }
  const latenessCounts = [3, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2]
  series.onSchedule({ skipped, latenessCounts, latenessSumSeconds: 12.5 })
  series.onSchedule({ skipped, latenessCounts, latenessSumSeconds: 0.5 })
  expect(text()).toContain('roundsman_schedule_skipped_total{cause="worker-busy"} 4\n')
  expect(text()).toContain('roundsman_schedule_lateness_seconds_bucket{le="0.001"} 6\n')
  expect(text()).toContain('roundsman_schedule_lateness_seconds_bucket{le="0.1"} 8\n')
  expect(text()).toContain('roundsman_schedule_lateness_seconds_bucket{le="+Inf"} 12\n')
  expect(text()).toContain(
    'roundsman_schedule_lateness_seconds_sum 13\nroundsman_schedule_lateness_seconds_count 12\n',
  )
})

test('the text can be read back as the exposition format, whatever stands in labels', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (subject, namespace) => {
      const chain = { ...httpsOk.tls!.chain!, subject }
      const { text } = told([{ ...httpsOk, tls: { ...httpsOk.tls!, chain } }], { namespace })
      const samples = parseExposition(text())
      const info = samples.find(({ name }) => name === 'probe_ssl_last_chain_info')
      expect(info?.labels.get('subject')).toBe(subject)
      expect(info?.labels.get('namespace')).toBe(namespace)
    }),
    { numRuns: 30 },
  )
})

test('a label value is cut at 2,048 characters', () => {
  const chain = { ...httpsOk.tls!.chain!, subjectAlternative: 'x'.repeat(5_000) }
  const { text } = told([{ ...httpsOk, tls: { ...httpsOk.tls!, chain } }])
  expect(text()).toContain(`subjectalternative="${'x'.repeat(2_048)}"`)
})

test('samples of one family stand together under one header, for any number of targets', () => {
  const clock = new FakeClock()
  const series = createTargetSeries({ clock })
  for (let index = 0; index < 2_000; index += 1) {
    const entry = entryOf({ target: `target-${index}` })
    series.onEntry(entry, initialState(0))
    series.onOutcome(entry, index % 2 === 0 ? httpsOk : refused, initialState(0))
  }
  const pieces = [...series.exposition()]
  expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(80_000)
  const text = pieces.join('')
  const helps = text
    .split('\n')
    .filter((line) => line.startsWith('# HELP'))
    .map((line) => line.split(' ')[2])
  expect(new Set(helps).size).toBe(helps.length)
  const order = parseExposition(text).map(({ name }) => name.replace(/_(bucket|sum|count)$/, ''))
  const runs = order.filter((name, index) => name !== order[index - 1])
  expect(new Set(runs).size).toBe(runs.length)
})

test('an exposition speaks of one moment, whatever happens while it is written', () => {
  const { series, entry } = told([refused])
  const pieces = series.exposition()[Symbol.iterator]()
  let text = String(pieces.next().value)
  series.onRemoved(entry)
  for (let next = pieces.next(); !next.done; next = pieces.next()) text += next.value
  expect(text).toContain(
    'roundsman_probe_failures_total{namespace="shop",target="checkout",reason="ConnectRefused"} 1\n',
  )
})

type Parsed = { readonly name: string; readonly labels: ReadonlyMap<string, string>; readonly value: number }

// The exposition format by its grammar, written down apart from the writer.
function parseExposition(text: string): readonly Parsed[] {
  const samples: Parsed[] = []
  let rest = text
  const eat = (pattern: RegExp): RegExpExecArray => {
    const match = pattern.exec(rest)
    if (match === null || match.index !== 0)
      throw new Error(`cannot read ${JSON.stringify(rest.slice(0, 80))}`)
    rest = rest.slice(match[0].length)
    return match
  }
  while (rest !== '') {
    if (rest.startsWith('#')) {
      eat(/^# (HELP [a-z_]+ [^\n]+|TYPE [a-z_]+ (gauge|counter|histogram))\n/)
      continue
    }
    const name = eat(/^[a-zA-Z_:][a-zA-Z0-9_:]*/)[0]
    const labels = new Map<string, string>()
    if (rest.startsWith('{')) {
      eat(/^{/)
      while (!rest.startsWith('}')) {
        const [, label = '', value = ''] = eat(/^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)",?/)
        labels.set(
          label,
          value.replace(/\\(.)/g, (_, code: string) => (code === 'n' ? '\n' : code)),
        )
      }
      eat(/^}/)
    }
    const [, value = ''] = eat(/^ ([-+0-9.eE]+)\n/)
    samples.push({ name, labels, value: Number(value) })
  }
  return samples
}

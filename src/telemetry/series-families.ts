// Every per-target series there is: its name, and when it has which value. What was not measured is absent, never 0. First those of
// blackbox_exporter, by its names, labels and units, so that existing dashboards and rules hold; then our own. Pure.
import { fnv1a32 } from '../domain/fnv.ts'
import { addressBytes } from '../domain/host.ts'
import { type Outcome, phaseNames, type TlsFacts } from '../domain/outcome.ts'
import type { ProbeEntry } from '../domain/probe-entry.ts'
import { type Verdict, verdicts } from '../domain/verdict.ts'
import { type Labels, labelText } from './series-text.ts'

/** What one exposition says of one target. */
export type SeriesView = {
  readonly entry: ProbeEntry
  readonly verdict: Verdict
  readonly addressHash?: number // Of the address of `outcome`.
  readonly outcome?: Outcome // Absent before the first one, and when the last is too old to be true.
  readonly lastRunAt?: number // Wall time of the last outcome, however old; milliseconds.
  readonly dueAt?: number // Wall time; milliseconds.
  readonly totals: Readonly<Record<ResultLabel, number>>
  readonly failures: ReadonlyMap<string, number> // By reason; only those that occurred.
  readonly degradedMeasurements: number
}

export const resultLabels = ['ok', 'degraded', 'failed', 'unknown'] as const
export type ResultLabel = (typeof resultLabels)[number]

/** `labels` is escaped text: the labels that a sample has beside those of the target. */
export type Sample = readonly [labels: string, value: number]

// Labels that can be told beforehand are written once, not at each exposition.
const verdictSamples = verdicts.map((verdict) => [verdict, labelText({ verdict })] as const)
const resultSamples = resultLabels.map((result) => [result, labelText({ result })] as const)
const phaseSamples = phaseNames.map((phase) => [phase, labelText({ phase })] as const)

export type Family = {
  readonly name: string
  readonly type: 'gauge' | 'counter'
  readonly help: string
  /** A bare number is one sample without further labels; undefined is none. */
  readonly of: (view: SeriesView) => number | undefined | readonly Sample[]
}

export const families: readonly Family[] = [
  gauge(
    'probe_success',
    'Whether the probe succeeded',
    conclusive((outcome) => bit(outcome.kind === 'ok')),
  ),
  gauge(
    'probe_duration_seconds',
    'How long the probe took to complete in seconds',
    conclusive(({ durationSeconds }) => durationSeconds),
  ),
  gauge(
    'probe_timeout_seconds',
    'The deadline of the probe in seconds',
    conclusive((_outcome, { entry }) => entry.timeoutMs / 1000),
  ),
  gauge(
    'probe_dns_lookup_time_seconds',
    'How long the probe took to resolve names in seconds',
    conclusive(({ phases }) => phases.resolve),
  ),
  gauge(
    'probe_ip_protocol',
    'IP protocol version of the probe, 4 or 6',
    conclusive(({ ipVersion }) => ipVersion),
  ),
  gauge(
    'probe_ip_addr_hash',
    'FNV-1a hash of the address that was probed',
    conclusive((_outcome, { addressHash }) => addressHash),
  ),
  gauge(
    'probe_http_status_code',
    'Status of the last answer, 0 without one',
    http(({ statusCode }) => statusCode),
  ),
  gauge(
    'probe_http_version',
    'HTTP version of the last answer, 0 without one',
    http(({ version }) => version),
  ),
  gauge(
    'probe_http_ssl',
    'Whether the last answer came over TLS',
    http(({ ssl }) => bit(ssl)),
  ),
  gauge(
    'probe_http_redirects',
    'Number of redirects',
    http(({ redirects }) => redirects),
  ),
  gauge(
    'probe_failed_due_to_regex',
    'Whether a pattern made the probe fail',
    http(({ failedDueToRegex }) => bit(failedDueToRegex)),
  ),
  gauge(
    'probe_http_duration_seconds',
    'Time of each phase that was reached, summed over redirects, in seconds',
    (view) => {
      const outcome = conclusiveOutcome(view)
      if (outcome?.http === undefined) return undefined
      const { phases } = outcome
      return phaseSamples.flatMap(([phase, labels]) => {
        const passed = phases[phase]
        return passed === undefined ? [] : [[labels, passed] as const]
      })
    },
  ),
  gauge(
    'probe_http_content_length',
    'Length that the last answer announced, -1 if it did not',
    http(({ contentLength }) => contentLength),
  ),
  gauge(
    'probe_http_uncompressed_body_length',
    'Length of the decoded body in bytes',
    http(({ uncompressedBodyLength }) => uncompressedBodyLength),
  ),
  gauge(
    'probe_http_last_modified_timestamp_seconds',
    'The Last-Modified header as a timestamp',
    http(({ lastModified }) => lastModified),
  ),
  gauge(
    'probe_ssl_earliest_cert_expiry',
    'Earliest expiry of the certificates that the peer sent, valid or not',
    tls(({ earliestExpiry }) => earliestExpiry),
  ),
  gauge(
    'probe_ssl_last_chain_expiry_timestamp_seconds',
    'Expiry of the verified certificate chain',
    tls(({ chain }) => chain?.expiry),
  ),
  gauge('probe_ssl_last_chain_info', 'The leaf of the verified certificate chain', chainInfo),
  gauge('probe_tls_version_info', 'TLS version of the last handshake', (view) =>
    labelled(tlsFacts(view), ({ version }) => ({ version: version.replace('TLSv', 'TLS ') })),
  ),
  gauge('probe_tls_cipher_info', 'TLS cipher of the last handshake', (view) =>
    labelled(tlsFacts(view), ({ cipher }) => ({ cipher })),
  ),
  gauge('roundsman_probe_tls_verify_result', 'Result of verifying the certificate chain', (view) =>
    labelled(tlsFacts(view), ({ verifyResult }) => ({ code: verifyResult })),
  ),
  gauge(
    'roundsman_probe_ssl_leaf_cert_expiry',
    "Expiry of the peer's own certificate, valid or not",
    tls(({ leafExpiry }) => leafExpiry),
  ),
  gauge('roundsman_target_verdict', 'Whether the verdict is this one', ({ verdict }) =>
    verdictSamples.map(([each, labels]) => [labels, bit(each === verdict)] as const),
  ),
  gauge('roundsman_target_info', 'What is probed, and how', ({ entry }) => [
    [labelText({ type: entry.probe.type }), 1],
  ]),
  gauge('roundsman_probe_failure_info', 'Why the last probe was not ok', ({ outcome }) =>
    outcome === undefined || outcome.kind === 'ok' ? undefined : [[labelText({ reason: outcome.reason }), 1]],
  ),
  gauge(
    'roundsman_probe_ok_duration_seconds',
    'How long the last probe took, absent when it was not ok',
    ({ outcome }) => (outcome?.kind === 'ok' ? outcome.durationSeconds : undefined),
  ),
  gauge('roundsman_probe_next_due_timestamp_seconds', 'When the target will be probed next', ({ dueAt }) =>
    seconds(dueAt),
  ),
  gauge('roundsman_probe_last_run_timestamp_seconds', 'When the last probe started', ({ lastRunAt }) =>
    seconds(lastRunAt),
  ),
  gauge('roundsman_probe_attempts', 'Attempts of the last probe', ({ outcome }) => outcome?.attempts),
  counter('roundsman_probes_total', 'Probes that ended, by result', ({ totals }) =>
    resultSamples.map(([result, labels]) => [labels, totals[result]] as const),
  ),
  counter('roundsman_probe_failures_total', 'Probes that were not ok, by reason', ({ failures }) =>
    [...failures].map(([reason, count]) => [labelText({ reason }), count] as const),
  ),
  counter(
    'roundsman_probe_measurement_degraded_total',
    'Probes during which this program was held up itself',
    ({ degradedMeasurements }) => degradedMeasurements,
  ),
]

function gauge(name: string, help: string, of: Family['of']): Family {
  return { name, type: 'gauge', help, of }
}

function counter(name: string, help: string, of: Family['of']): Family {
  return { name, type: 'counter', help, of }
}

// An unknown outcome says nothing of the target: 0 in probe_success would wake somebody for a fault of ours.
function conclusiveOutcome({ outcome }: SeriesView): Outcome | undefined {
  return outcome?.kind === 'unknown' ? undefined : outcome
}

function conclusive(value: (outcome: Outcome, view: SeriesView) => number | undefined): Family['of'] {
  return (view) => {
    const outcome = conclusiveOutcome(view)
    return outcome === undefined ? undefined : value(outcome, view)
  }
}

function http(value: (facts: NonNullable<Outcome['http']>) => number | undefined): Family['of'] {
  return conclusive((outcome) => (outcome.http === undefined ? undefined : value(outcome.http)))
}

function tls(value: (facts: TlsFacts) => number | undefined): Family['of'] {
  return conclusive((outcome) => (outcome.tls === undefined ? undefined : value(outcome.tls)))
}

function tlsFacts(view: SeriesView): TlsFacts | undefined {
  return conclusiveOutcome(view)?.tls
}

function labelled<Facts>(
  facts: Facts | undefined,
  labels: (facts: Facts) => Labels,
): readonly Sample[] | undefined {
  return facts === undefined ? undefined : [[labelText(labels(facts)), 1]]
}

function chainInfo(view: SeriesView): readonly Sample[] | undefined {
  return labelled(tlsFacts(view)?.chain, (chain) => ({
    fingerprint_sha256: chain.fingerprintSha256,
    subject: chain.subject,
    issuer: chain.issuer,
    subjectalternative: chain.subjectAlternative,
    serialnumber: chain.serialNumber,
  }))
}

/** blackbox_exporter's hash of an `ip:port` without its port; undefined for what is no address. */
export function addressHashOf(address: string): number | undefined {
  const bytes = addressBytes(address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, ''))
  return bytes === undefined ? undefined : fnv1a32(bytes)
}

function bit(isTrue: boolean): 0 | 1 {
  return isTrue ? 1 : 0
}

function seconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1000
}

// One judgement: on the same samples and the same grid, the local judge and Prometheus' own engine, run by promtool, find the same alerts
// firing at every instant.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import type { RuleDefinition, ScrapedTarget } from '../src/domain/judged-policy.ts'
import { ruleLabels } from '../src/domain/rules/alert-identity.ts'
import { judgeRule, rulePromQL } from '../src/domain/rules/registry.ts'
import type { TimedSample } from '../src/domain/rules/rule-face.ts'
import { type AlertState, nextState } from '../src/evaluate/alert-state.ts'
import { openCluster } from './cluster/cluster.ts'
import { runProgram } from './cluster/run-program.ts'

const cluster = openCluster()
afterAll(() => cluster.close())

const gridMs = 15_000
const worldCount = 150
const policy = { namespace: 'shop', name: 'p' }

type World = { readonly rule: RuleDefinition; readonly samples: readonly TimedSample[] }

it(`finds what Prometheus finds, in ${worldCount} random worlds`, async () => {
  const worlds = fc.sample(world, worldCount).map((one, index) => ({
    ...one,
    rule: { ...one.rule, name: `rule-${index}` },
  }))
  // A comparison of two judges that never fire would prove nothing.
  expect(worlds.filter((one) => firingAt(one).includes(true)).length).toBeGreaterThan(worldCount / 3)
  expect(await disagreements(worlds)).toBe('')
})

it('would tell a difference', async () => {
  const unhealthy: World = {
    rule: { kind: 'down', name: 'down', alert: 'TargetDown', severity: 'critical', forMs: 0 },
    samples: [0, 15_000].map((atMs) => ({ atMs, scraped: scraped({ verdict: 'Unhealthy' }) })),
  }
  const told = await disagreements([unhealthy], () => [false, true])
  expect(told).toContain('time: 0s')
  expect(told).not.toContain('time: 15s')
})

/** What promtool says of the local judge's answers; empty when it agrees with all of them. */
async function disagreements(
  worlds: readonly World[],
  judge: (world: World) => readonly boolean[] = firingAt,
): Promise<string> {
  const folder = cluster.folder('judge')
  mkdirSync(folder, { recursive: true })
  // A file for each world: promtool evaluates all rules of a file in each of its tests. YAML is a superset of JSON.
  for (const one of worlds) {
    writeFileSync(
      join(folder, `${one.rule.name}.rules.yaml`),
      JSON.stringify({ groups: [groupOf(one.rule)] }),
    )
    writeFileSync(join(folder, `${one.rule.name}.test.yaml`), JSON.stringify(testOf(one, judge(one))))
  }
  const files = worlds.map((one) => `${one.rule.name}.test.yaml`)
  const { code, stdout, stderr } = await runProgram(
    cluster.program('promtool'),
    ['test', 'rules', ...files],
    { cwd: folder },
  )
  if (code === null) throw new Error('promtool did not end in time, so nothing was compared')
  return code === 0 ? '' : `${stdout}${stderr}`
}

function firingAt({ rule, samples }: World): readonly boolean[] {
  let state: AlertState | undefined
  return samples.map(({ atMs }) => {
    const judgement = judgeRule(rule, samples, atMs, state?.phase === 'firing')
    state = nextState(state, judgement, { atMs, now: atMs }, rule.forMs)
    return state?.phase === 'firing'
  })
}

/** Each world has a target of its own, named as its rule. */
function groupOf(rule: RuleDefinition) {
  const expr = rulePromQL(rule, { namespace: policy.namespace, policy: policy.name, targets: [rule.name] })
  const labels = ruleLabels(policy, rule)
  return { name: rule.name, rules: [{ alert: rule.alert, expr, for: `${rule.forMs}ms`, labels }] }
}

function testOf({ rule, samples }: World, firing: readonly boolean[]) {
  const labels = { ...ruleLabels(policy, rule), namespace: policy.namespace, target: rule.name }
  const test = {
    name: rule.name,
    interval: '15s',
    input_series: seriesOf(rule.name, samples),
    alert_rule_test: firing.map((isFiring, index) => ({
      eval_time: `${index * 15}s`,
      alertname: rule.alert,
      exp_alerts: isFiring ? [{ exp_labels: labels }] : [],
    })),
  }
  return { rule_files: [`${rule.name}.rules.yaml`], evaluation_interval: '15s', tests: [test] }
}

function seriesOf(target: string, samples: readonly TimedSample[]) {
  const series = (metric: string, more: string, read: (scraped: ScrapedTarget) => number | undefined) => ({
    series: `${metric}{namespace="${policy.namespace}",target="${target}"${more}}`,
    values: valuesOf(
      samples.map((sample) => (sample.scraped === undefined ? undefined : read(sample.scraped))),
    ),
  })
  const verdicts = ['Healthy', 'Degraded', 'Unhealthy', 'Unknown'] as const
  const results = ['ok', 'degraded', 'failed', 'unknown'] as const
  return [
    ...verdicts.map((verdict) =>
      series('roundsman_target_verdict', `,verdict="${verdict}"`, (one) => (one.verdict === verdict ? 1 : 0)),
    ),
    ...results.map((result) =>
      series('roundsman_probes_total', `,result="${result}"`, (one) => one.probesTotal[result]),
    ),
    series('roundsman_probe_ok_duration_seconds', '', (one) => one.okDurationSeconds),
  ]
}

/** A series that a scrape no longer has is marked stale once. */
function valuesOf(values: readonly (number | undefined)[]): string {
  return values.map((value, index) => value ?? (values[index - 1] === undefined ? '_' : 'stale')).join(' ')
}

function scraped(changes: Partial<ScrapedTarget>): ScrapedTarget {
  const probesTotal = { ok: 0, degraded: 0, failed: 0, unknown: 0 }
  return {
    namespace: policy.namespace,
    target: 'x',
    verdict: 'Healthy',
    message: '',
    probesTotal,
    ...changes,
  }
}

const rule: fc.Arbitrary<RuleDefinition> = fc.oneof(
  fc.record({
    kind: fc.constant('down' as const),
    name: fc.constant('x'),
    alert: fc.constant('TargetDown'),
    severity: fc.constant('critical' as const),
    forMs: fc.constantFrom(0, 15_000, 40_000),
  }),
  fc.record({
    kind: fc.constant('latency' as const),
    name: fc.constant('x'),
    alert: fc.constant('TargetSlow'),
    severity: fc.constant('warning' as const),
    forMs: fc.constantFrom(0, 30_000, 50_000),
    quantile: fc.constantFrom(0, 0.5, 0.95, 1),
    aboveSeconds: fc.constantFrom(0.2, 0.5, 0.8),
    windowMs: fc.constantFrom(30_000, 60_000, 100_000, 300_000),
    minProbes: fc.integer({ min: 1, max: 4 }),
  }),
)

/** One probe and what it did to the series; or a scrape without the target; or a restart, which begins every counter anew. */
type Happening = {
  readonly kind: 'probe' | 'pause' | 'absent' | 'restart'
  readonly result: 'ok' | 'degraded' | 'failed' | 'unknown'
  readonly seconds: number
  readonly verdict: ScrapedTarget['verdict']
}

const happening: fc.Arbitrary<Happening> = fc.record({
  kind: fc.oneof(
    { weight: 20, arbitrary: fc.constant('probe' as const) },
    { weight: 8, arbitrary: fc.constant('pause' as const) },
    { weight: 2, arbitrary: fc.constant('absent' as const) },
    { weight: 1, arbitrary: fc.constant('restart' as const) },
  ),
  result: fc.constantFrom(
    'ok' as const,
    'ok' as const,
    'degraded' as const,
    'failed' as const,
    'unknown' as const,
  ),
  seconds: fc.constantFrom(0.1, 0.3, 0.6, 0.7, 1.5),
  verdict: fc.constantFrom('Healthy' as const, 'Degraded' as const, 'Unhealthy' as const, 'Unknown' as const),
})

/** Stretches of the same, so that windows fill and `for` can pass. */
const happenings = fc
  .array(fc.tuple(happening, fc.integer({ min: 1, max: 8 })), { minLength: 4, maxLength: 16 })
  .map((stretches) => stretches.flatMap(([one, times]) => Array.from({ length: times }, () => one)))

const world: fc.Arbitrary<World> = fc
  .tuple(rule, happenings)
  .map(([definition, all]) => ({ rule: definition, samples: samplesOf(all) }))

function samplesOf(all: readonly Happening[]): readonly TimedSample[] {
  let probesTotal = { ok: 3, degraded: 0, failed: 0, unknown: 0 }
  let okDurationSeconds: number | undefined
  return all.map(({ kind, result, seconds, verdict }, index) => {
    const atMs = index * gridMs
    if (kind === 'absent') return { atMs, scraped: undefined }
    if (kind === 'restart') probesTotal = { ok: 0, degraded: 0, failed: 0, unknown: 0 }
    if (kind !== 'pause') {
      probesTotal = { ...probesTotal, [result]: probesTotal[result] + 1 }
      okDurationSeconds = result === 'ok' || result === 'degraded' ? seconds : undefined
    }
    const duration = okDurationSeconds === undefined ? {} : { okDurationSeconds }
    return { atMs, scraped: scraped({ verdict, probesTotal, ...duration }) }
  })
}

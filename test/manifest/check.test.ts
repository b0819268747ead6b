import { expect, test } from 'vitest'
import { checkManifests, findingText } from '../../src/manifest/check.ts'
import { parseManifest } from '../../src/manifest/parse-manifest.ts'
import { joinManifests } from '../../src/manifest/read-manifests.ts'
import { specCases } from '../fixtures/spec-cases.ts'

const textsOf = (...files: string[]) =>
  checkManifests(joinManifests(files.map((text, index) => parseManifest(text, `${index}.yaml`)))).map(
    findingText,
  )

const target = (name: string, spec = '{http: {url: https://checkout/}}', more = '') =>
  `apiVersion: roundsman.dev/v1alpha1\nkind: InspectionTarget\nmetadata: {name: ${name}${more}}\nspec: ${spec}\n`
const policy = (spec: string) =>
  `apiVersion: roundsman.dev/v1alpha1\nkind: AlertPolicy\nmetadata: {name: p}\nspec:\n${spec}`

test('good manifests give nothing', () => {
  expect(
    textsOf(
      target('checkout'),
      policy('  targets: {names: [checkout]}\n  rules: [{name: down, severity: critical, down: {}}]\n'),
    ),
  ).toEqual([])
})

test('all problems are told at once, in the order of file and line', () => {
  const spec = '\n  timout: 5s\n  interval: 1\n  tcp: {host: a}\n'
  expect(textsOf(`${target('a', spec)}---\na: 1\na: 2\n`, '- b\n')).toEqual([
    '0.yaml:5: error: InspectionTarget default/a: spec.timout: is not a field; did you mean timeout?',
    '0.yaml:6: error: InspectionTarget default/a: spec.interval: expected a text, got 1; put it in quotes',
    '0.yaml:7: error: InspectionTarget default/a: spec.tcp: host and port go together; a service brings its own port',
    '0.yaml:11: error: cannot be read as YAML: duplicated mapping key',
    '1.yaml:1: error: is no Kubernetes object: expected apiVersion, kind and metadata',
  ])
})

test('a kind or version of ours that does not exist is told with the one that was perhaps meant', () => {
  expect(
    textsOf(
      'apiVersion: roundsman.dev/v1\nkind: Silence\nmetadata: {name: a}\n---\napiVersion: roundsman.dev/v1alpha1\nkind: InspectionTargets\nmetadata: {name: a}\n',
    ),
  ).toEqual([
    '0.yaml:1: error: Silence a: apiVersion: roundsman.dev/v1 is not served; write roundsman.dev/v1alpha1',
    '0.yaml:6: error: InspectionTargets a: kind: roundsman.dev has no InspectionTargets; did you mean InspectionTarget?',
  ])
})

test('a member without a value is dropped by the API server, which is worth a warning', () => {
  expect(textsOf(target('a', '\n  http: {url: https://a/}\n  degraded:\n'))).toEqual([
    '0.yaml:6: warning: InspectionTarget default/a: spec.degraded has no value, so it counts as not set; write {} for an empty object',
  ])
})

test('a target that is named and not among the files is worth a warning', () => {
  const files = [
    target('checkout'),
    target('cart', undefined, ', namespace: other'),
    policy(
      '  targets:\n    names:\n    - checkout\n    - chekout\n    - cart\n  rules: [{name: down, severity: critical, down: {}}]\n',
    ),
  ]
  expect(textsOf(...files)).toEqual([
    '2.yaml:8: warning: AlertPolicy default/p: no InspectionTarget default/chekout is among these files; did you mean checkout?',
    '2.yaml:9: warning: AlertPolicy default/p: no InspectionTarget default/cart is among these files',
  ])
})

test('a rule that can never fire on its targets is an error', () => {
  const slow =
    '  targets: {selector: {}}\n  rules:\n  - name: slow\n    severity: warning\n    latency: {quantile: "0.95", above: 1, window: 5m, minProbes: 10}\n'
  const [finding] = textsOf(target('checkout'), policy(slow))
  expect(finding).toContain(
    '1.yaml:7: error: AlertPolicy default/p: spec.rules[0]: rule slow: window 5m is too short for minProbes 10',
  )
})

test('what the API server accepts of the shared table gives no error, what it refuses gives one', () => {
  for (const { name, object, refusedAt } of specCases) {
    const findings = checkManifests(joinManifests([parseManifest(JSON.stringify(object), name)]))
    expect([name, findings.some(({ severity }) => severity === 'error')]).toEqual([
      name,
      refusedAt !== undefined,
    ])
  }
})

test('objects of others are not looked at', () => {
  expect(textsOf('apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {nonsense: true}\n')).toEqual([])
})

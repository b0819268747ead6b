import { expect, test } from 'vitest'
import { holdsAll } from '../../src/control/holds.ts'
import type { KubeObject } from '../../src/domain/kube-object.ts'

function rule(
  changes: {
    annotations?: Record<string, string>
    owners?: unknown[]
    groups?: unknown[]
    extra?: object
  } = {},
): KubeObject {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: {
      name: 'roundsman-p',
      annotations: { 'roundsman.dev/hash': 'h1', ...changes.annotations },
      ownerReferences: (changes.owners ?? [{ uid: 'u1', controller: true }]) as never,
    },
    spec: {
      groups: changes.groups ?? [{ name: 'g', rules: [{ alert: 'A', expr: 'up' }] }],
      ...changes.extra,
    },
  }
}

test.each([
  ['an equal object', rule(), true],
  ['one with a foreign annotation', rule({ annotations: { team: 'x' } }), true],
  ['one with a second owner', rule({ owners: [{ uid: 'other' }, { uid: 'u1', controller: true }] }), true],
  [
    'one with a foreign group',
    rule({ groups: [{ name: 'theirs' }, { name: 'g', rules: [{ alert: 'A', expr: 'up' }] }] }),
    true,
  ],
  ['one with a defaulted field', rule({ extra: { defaulted: true } }), true],
  ['one whose hash is of another state', rule({ annotations: { 'roundsman.dev/hash': 'h2' } }), false],
  [
    'one with an edited expression',
    rule({ groups: [{ name: 'g', rules: [{ alert: 'A', expr: 'up == 0' }] }] }),
    false,
  ],
  [
    'one with an added rule in our group',
    rule({ groups: [{ name: 'g', rules: [{ alert: 'A', expr: 'up' }, { alert: 'B' }] }] }),
    false,
  ],
  ['one that lost our owner reference', rule({ owners: [] }), false],
])('%s: %s', (_what, seen, expected) => {
  expect(holdsAll(seen, rule())).toBe(expected)
})

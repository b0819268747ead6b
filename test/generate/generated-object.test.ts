import fc from 'fast-check'
import { expect, it } from 'vitest'
import { generatedName, generatedObject } from '../../src/generate/generated-object.ts'

const owner = { namespace: 'shop', name: 'p', uid: 'uid' }

function object(changes: Partial<Parameters<typeof generatedObject>[0]> = {}) {
  return generatedObject({
    kind: 'PrometheusRule',
    owner,
    labels: { release: 'stack' },
    spec: { groups: [] },
    ...changes,
  })
}

const hashOf = (one: ReturnType<typeof object>) => one.metadata.annotations?.['roundsman.dev/hash']

it('carries the marks of its owner', () => {
  expect(object()).toEqual({
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: {
      name: 'roundsman-p',
      namespace: 'shop',
      labels: {
        'app.kubernetes.io/managed-by': 'roundsman',
        release: 'stack',
        'roundsman.dev/owner-uid': 'uid',
      },
      annotations: {
        'roundsman.dev/hash': expect.stringMatching(/^[0-9a-f]{32}$/),
        'roundsman.dev/policy': 'shop/p',
      },
      ownerReferences: [
        {
          apiVersion: 'roundsman.dev/v1alpha1',
          kind: 'AlertPolicy',
          name: 'p',
          uid: 'uid',
          controller: true,
        },
      ],
    },
    spec: { groups: [] },
  })
})

it('differs, without an owner, in the marks of the owner alone', () => {
  const { ownerReferences, labels, ...metadata } = object().metadata
  const without = object({ owner: { namespace: 'shop', name: 'p' } })
  expect(ownerReferences).toHaveLength(1)
  expect(without.metadata).toEqual({
    ...metadata,
    labels: { 'app.kubernetes.io/managed-by': 'roundsman', release: 'stack' },
  })
})

it('has another hash for other contents, and the same whatever the order of keys', () => {
  const hashes = [
    object(),
    object({ labels: { release: 'other' } }),
    object({ labels: {} }),
    object({ spec: { groups: [{}] } }),
    object({ kind: 'ServiceMonitor' }),
  ].map(hashOf)
  expect(new Set(hashes).size).toBe(hashes.length)
  expect(hashOf(object({ spec: { a: [{ x: 1, y: 2 }], b: 1 } }))).toBe(
    hashOf(object({ spec: { b: 1, a: [{ y: 2, x: 1 }] } })),
  )
})

it('is byte-equal for equal input', () => {
  const labels = fc.dictionary(fc.string(), fc.string())
  fc.assert(
    fc.property(labels, labels, (some, more) => {
      const forward = object({ labels: { ...some, ...more }, spec: { ...some } })
      const backward = object({
        labels: Object.fromEntries(Object.entries({ ...some, ...more }).toReversed()),
        spec: { ...some },
      })
      expect(JSON.stringify(backward)).toBe(JSON.stringify(forward))
    }),
  )
})

it('has a name of at most 63 characters that no other policy gets', () => {
  const long = 'a'.repeat(62)
  expect(generatedName('p', '3')).toBe('roundsman-p-3')
  expect(generatedName('a'.repeat(53))).toBe(`roundsman-${'a'.repeat(53)}`)
  const names = [generatedName(`${long}x`), generatedName(`${long}y`), generatedName(`${long}x`, '12')]
  expect(new Set(names).size).toBe(3)
  for (const name of names) expect(name).toMatch(/^roundsman-a+-[0-9a-f]{8}(-12)?$/)
  expect(Math.max(...names.map((name) => name.length))).toBe(63)
})

it('never cuts a name into one that the API server refuses', () => {
  const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
  fc.assert(
    fc.property(name, fc.option(fc.constantFrom('0', '15')), (policy, suffix) => {
      const made = generatedName(policy, suffix ?? undefined)
      expect(made).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
      expect(made.length).toBeLessThanOrEqual(63)
    }),
  )
})

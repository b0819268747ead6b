import { expect, test } from 'vitest'
import { revisionOf } from '../../src/domain/kube-object.ts'

test('a spec made anew under the name of a deleted one is another revision', () => {
  const made = (uid: string) => ({
    apiVersion: 'roundsman.dev/v1alpha1',
    kind: 'Silence',
    metadata: { name: 'quiet', namespace: 'shop', uid, generation: 1 },
  })
  expect(revisionOf(made('u1'))).not.toBe(revisionOf(made('u2')))
  expect(revisionOf(made('u1'))).toBe(revisionOf(made('u1')))
})

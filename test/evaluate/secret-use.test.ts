import { expect, test } from 'vitest'
import { receiversNaming } from '../../src/evaluate/secret-use.ts'
import { policy, routing } from './builders.ts'

const reference = (name: string) => ({ secretKeyRef: { name, key: 'k' } })

test('finds the receivers that refer to a Secret of their own namespace, wherever the reference stands', () => {
  const mail = { to: ['a@b.c'], from: 'd@e.f', smarthost: 'smtp:587' }
  const judged = policy({
    routing: routing({
      receivers: [
        { name: 'hook', webhook: { urlFrom: reference('urls'), bearerFrom: reference('keys') } },
        { name: 'mail', email: { ...mail, passwordFrom: reference('keys') } },
        { name: 'open', email: mail },
      ],
    }),
  })
  expect(receiversNaming(judged, { namespace: 'shop', name: 'keys' })).toEqual(['hook', 'mail'])
  expect(receiversNaming(judged, { namespace: 'shop', name: 'urls' })).toEqual(['hook'])
  expect(receiversNaming(judged, { namespace: 'infra', name: 'keys' })).toEqual([])
})

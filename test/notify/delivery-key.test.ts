import { expect, test } from 'vitest'
import { deliveryKey, groupDigest } from '../../src/notify/delivery-key.ts'
import { firing, resolved } from '../evaluate/builders.ts'
import { notification, reference } from './world.ts'

const hook = { name: 'hook', webhook: { urlFrom: reference('keys', 'url') } }
const checkout = firing({ startsAt: 1 })
const cart = firing({ target: 'cart', startsAt: 2 })
const base = notification(hook, { alerts: [checkout, cart] })

test('the same news has the same key, whatever the order of the alerts and however often it is told', () => {
  const again = { ...base, alerts: [cart, checkout], repeat: 3, mayBeRepeat: true }
  expect(deliveryKey(again)).toBe(deliveryKey(base))
  expect(deliveryKey(base)).toMatch(/^[0-9a-f]{32}$/)
})

test('anything that makes it other news makes another key', () => {
  const others = [
    { ...base, alerts: [checkout] },
    { ...base, alerts: [checkout, resolved(cart, 9)] },
    { ...base, alerts: [checkout, { ...cart, startsAt: 3 }] },
    { ...base, groupKey: 'another' },
    { ...base, receiver: { ...hook, name: 'desk' } },
    { ...base, policy: { ...base.policy, uid: 'another' } },
  ]
  expect(new Set([base, ...others].map(deliveryKey)).size).toBe(others.length + 1)
})

test('all news of a group shares its digest', () => {
  expect(groupDigest({ ...base, alerts: [checkout] })).toBe(groupDigest(base))
  expect(groupDigest({ ...base, groupKey: 'another' })).not.toBe(groupDigest(base))
})

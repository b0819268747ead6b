import { expect, test } from 'vitest'
import { failureOfAnswer, failureOfNetwork, retryAfterMs } from '../../src/kube/failure.ts'

const object = { verb: 'patch', resource: 'services', namespace: 'shop', name: 'cart' }
const list = { verb: 'list', resource: 'services' }

function kindOf(code: number, status: unknown = {}, question: typeof object | typeof list = object): string {
  return failureOfAnswer(code, status, { question }).kind
}

test('classes each answer by code, reason and cause', () => {
  expect(kindOf(400)).toBe('invalid')
  expect(kindOf(401)).toBe('unavailable')
  expect(kindOf(403, { reason: 'Forbidden' })).toBe('forbidden')
  expect(kindOf(403, { details: { causes: [{ reason: 'NamespaceTerminating' }] } })).toBe('terminating')
  expect(kindOf(409, { reason: 'Conflict' })).toBe('conflict')
  expect(kindOf(409, { reason: 'AlreadyExists' })).toBe('alreadyExists')
  expect(kindOf(410, { reason: 'Expired' })).toBe('unavailable')
  expect(kindOf(413)).toBe('invalid')
  expect(kindOf(422, { reason: 'Invalid' })).toBe('invalid')
  expect(kindOf(422, { details: { causes: [{ field: 'metadata.uid' }] } })).toBe('conflict')
  expect(kindOf(429)).toBe('unavailable')
  expect(kindOf(500)).toBe('unavailable')
  expect(kindOf(504)).toBe('unavailable')
})

test('tells a missing object from a kind that is not served', () => {
  expect(kindOf(404, { reason: 'NotFound', details: { name: 'cart', kind: 'services' } })).toBe('notFound')
  expect(kindOf(404, undefined)).toBe('notServed')
  expect(kindOf(404, '404 page not found')).toBe('notServed')
  expect(kindOf(404, { reason: 'NotFound' }, list)).toBe('notServed')
})

test('never decides by the text of the message', () => {
  const texts = ['conflict', 'not found', 'already exists', 'Forbidden']
  for (const message of texts) expect(kindOf(422, { message })).toBe('invalid')
})

test('names verb and resource of a missing right', () => {
  const { message } = failureOfAnswer(403, { reason: 'Forbidden' }, { question: object })
  expect(message).toBe('not permitted to patch services cart in namespace shop')
})

test('survives a body that is no Status', () => {
  for (const body of [undefined, null, 7, 'a proxy says no', [], { details: 'x', message: 9, reason: {} }]) {
    expect(kindOf(502, body)).toBe('unavailable')
  }
})

test('names the innermost code of a network trouble', () => {
  const socket = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' })
  const wrapped = Object.assign(new Error('fetch failed', { cause: socket }), { code: 'UND_ERR' })
  expect(failureOfNetwork(wrapped, list)).toMatchObject({ kind: 'unavailable', code: 'ECONNREFUSED' })
})

test('reads Retry-After in seconds only', () => {
  expect(retryAfterMs('60')).toBe(60_000)
  expect(retryAfterMs(undefined)).toBeUndefined()
  expect(retryAfterMs('Wed, 21 Oct 2026 07:28:00 GMT')).toBeUndefined()
})

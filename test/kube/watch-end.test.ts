import { expect, test } from 'vitest'
import { type CallFailure, failureOfAnswer, failureOfNetwork } from '../../src/kube/failure.ts'
import { afterList, afterStream, type NextStep, type StreamEnd } from '../../src/kube/watch-end.ts'

const question = { verb: 'watch', resource: 'services' }
const answer = (code: number, status: object = {}): CallFailure => failureOfAnswer(code, status, { question })
const network = (code: string): CallFailure =>
  failureOfNetwork(Object.assign(new Error(code), { code }), question)
const failed = (failure: CallFailure): StreamEnd => ({ kind: 'failed', failure })

const cases: Readonly<Record<string, { end: StreamEnd; hollowBefore?: boolean; step: Partial<NextStep> }>> = {
  'watches on at once when the server ended the stream in time': {
    end: { kind: 'closed', lastedMs: 300_000, items: 4 },
    step: { pause: 'none' },
  },
  'backs off when the stream ended at once and brought nothing': {
    end: { kind: 'closed', lastedMs: 20, items: 0 },
    step: { pause: 'backOff' },
  },
  'lists anew when that happens twice running': {
    end: { kind: 'closed', lastedMs: 20, items: 0 },
    hollowBefore: true,
    step: { pause: 'backOff', list: { from: 'newest', reason: 'hollow' } },
  },
  'opens at most one stream a second when each brings something and ends': {
    end: { kind: 'closed', lastedMs: 20, items: 1 },
    step: { pause: 1_000 },
  },
  'watches on from the same version after silence': { end: { kind: 'silent' }, step: { pause: 'none' } },
  'watches on from the same version when the server forgot to end the stream': {
    end: { kind: 'overdue' },
    step: { pause: 'none' },
  },
  'lists anew after an unreadable line': {
    end: { kind: 'malformed' },
    step: { pause: 'backOff', list: { from: 'notOlder', reason: 'malformed' } },
  },
  'lists anew when the history is compacted': {
    end: failed(answer(410, { reason: 'Expired' })),
    step: { pause: 'none', list: { from: 'newest', reason: 'expired' } },
  },
  'lists anew when the server does not know the version yet': {
    end: failed(
      answer(504, { reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } }),
    ),
    step: { pause: 'none', list: { from: 'newest', reason: 'tooNew' } },
  },
  'keeps the version when the server is overloaded': { end: failed(answer(429)), step: { pause: 'backOff' } },
  'waits at least as long as the server asks': {
    end: failed(failureOfAnswer(429, {}, { question, retryAfterMs: 60_000 })),
    step: { pause: 'backOff', atLeastMs: 60_000 },
  },
  'keeps the version when the server fails': { end: failed(answer(500)), step: { pause: 'backOff' } },
  'keeps the version after a reset, and comes back when the API server does': {
    end: failed(network('ECONNRESET')),
    step: { pause: 'backOff', isUnreachable: true },
  },
  'shows that the credentials are refused': {
    end: failed(answer(401)),
    step: { pause: 'backOff', availability: { state: 'forbidden', message: 'watch services answered 401' } },
  },
  'shows which right is missing': {
    end: failed(answer(403, { reason: 'Forbidden' })),
    step: {
      pause: 'backOff',
      availability: { state: 'forbidden', message: 'not permitted to watch services in the whole cluster' },
    },
  },
  'shows that the kind is not served, and lists when it is again': {
    end: failed(answer(404)),
    step: {
      pause: 'backOff',
      availability: { state: 'notServed' },
      list: { from: 'newest', reason: 'served' },
    },
  },
}

for (const [what, { end, hollowBefore = false, step }] of Object.entries(cases)) {
  test(what, () => {
    expect(afterStream(end, { hollowBefore })).toEqual(step)
  })
}

test('asks for the same list again when the network failed, and for one from etcd when the version was the trouble', () => {
  expect(afterList(network('ECONNRESET'), 'any').list).toEqual({ from: 'any', reason: 'failed' })
  expect(afterList(answer(410), 'notOlder').list).toEqual({ from: 'newest', reason: 'expired' })
})

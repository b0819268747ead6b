import { expect, test } from 'vitest'
import { isProberReason } from '../../src/api/v1alpha1/reasons.ts'
import { classify } from '../../src/probe/classify.ts'
import { DeadlineReached, PeerClosed, Trouble } from '../../src/probe/trouble.ts'

const at = { phase: 'connect', peer: '10.2.3.4:80' } as const

function reasonFor(code: string): string {
  return classify(Object.assign(new Error('text that nobody may read'), { code }), at).reason
}

test.each([
  ['ECONNREFUSED', 'ConnectRefused'],
  ['EHOSTUNREACH', 'ConnectUnreachable'],
  ['ENETUNREACH', 'ConnectUnreachable'],
  ['ECONNRESET', 'ConnectReset'],
  ['EPIPE', 'ConnectReset'],
  ['ETIMEDOUT', 'TimeoutConnect'],
  ['EMFILE', 'InternalResources'],
  ['ENFILE', 'InternalResources'],
  ['ENOBUFS', 'InternalResources'],
  ['ENOMEM', 'InternalResources'],
  ['EADDRNOTAVAIL', 'InternalResources'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'TlsNotSpoken'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'TlsVersion'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'TlsClientCertificate'],
  ['ERR_SSL_SOMETHING_NEW', 'TlsHandshake'],
  ['EWHATEVER', 'InternalError'],
])('the code %s is %s', (code, reason) => {
  expect(reasonFor(code)).toBe(reason)
})

test('the deadline is told by the phase that it fell into', () => {
  const phases = ['resolve', 'connect', 'tls', 'processing', 'transfer', 'waiting'] as const
  expect(phases.map((phase) => classify(new DeadlineReached(), { phase, peer: '' }).reason)).toEqual([
    'TimeoutResolve',
    'TimeoutConnect',
    'TimeoutTls',
    'TimeoutProcessing',
    'TimeoutTransfer',
    'InternalOverload',
  ])
})

test('an orderly close is ConnectClosed, and what is understood already keeps its words', () => {
  expect(classify(new PeerClosed(), at).reason).toBe('ConnectClosed')
  expect(classify(new Trouble('HttpProtocol', 'as it was said'), at)).toEqual({
    reason: 'HttpProtocol',
    message: 'as it was said',
  })
})

test('what nobody foresaw is our defect, whatever was thrown', () => {
  for (const thrown of [undefined, null, 'text', new TypeError('x is not a function'), { code: 7 }]) {
    const { reason } = classify(thrown, at)
    expect(reason).toBe('InternalError')
    expect(isProberReason(reason)).toBe(true)
  }
})

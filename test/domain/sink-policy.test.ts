import { describe, expect, test } from 'vitest'
import {
  isAddressPermitted,
  isSinkListed,
  mayBePlain,
  parseSinkAddress,
  type SinkPolicy,
  sinkAddress,
} from '../../src/domain/sink-policy.ts'

const nothing: SinkPolicy = { allowed: [] }

function sink(text: string) {
  return parseSinkAddress(text)!
}

describe('which sinks a receiver may name', () => {
  test.each([
    ['the hosts of the robots need no listing', nothing, 'oapi.dingtalk.com:443', true],
    ['but only on the port of https', nothing, 'oapi.dingtalk.com:8443', false],
    ['any other host is refused', nothing, 'hook.example.com:443', false],
    [
      'a listed host may be named on any port',
      { allowed: ['hook.example.com'] },
      'hook.example.com:8443',
      true,
    ],
    ['a listed host and port', { allowed: ['hook.example.com:443'] }, 'hook.example.com:443', true],
    ['not on another port', { allowed: ['hook.example.com:443'] }, 'hook.example.com:444', false],
    [
      'case and a trailing dot make no difference',
      { allowed: ['Hook.Example.com.'] },
      'hook.example.com:1',
      true,
    ],
    ['a longer name is another host', { allowed: ['example.com'] }, 'hook.example.com:443', false],
    ['a name that only begins alike too', { allowed: ['example.com'] }, 'example.com.evil.test:443', false],
    ['an IPv6 address in any spelling', { allowed: ['[::0:1]:9000'] }, '[::1]:9000', true],
    ['an IPv4 address inside an IPv6 one', { allowed: ['10.0.0.1'] }, '[::ffff:10.0.0.1]:443', true],
    [
      'an entry that is no host lists nothing',
      { allowed: ['https://hook.example.com/'] },
      'hook.example.com:443',
      false,
    ],
  ])('%s', (_name, policy, text, listed) => {
    expect(isSinkListed(policy, sink(text))).toBe(listed)
  })
})

describe('where a listed name may lead', () => {
  const example = sink('hook.example.com:443')
  test.each([
    ['93.184.215.14', true],
    ['10.1.2.3', true], // Private is where most sinks of a company are.
    ['198.18.0.7', true],
    ['127.0.0.1', false],
    ['127.9.9.9', false],
    ['::1', false],
    ['0.0.0.0', false],
    ['::', false],
    ['169.254.169.254', false],
    ['fe80::1', false],
    ['fd00:ec2::254', false],
    ['100.100.100.200', false],
    ['168.63.129.16', false],
    ['::ffff:169.254.169.254', false],
    ['64:ff9b::a9fe:a9fe', false],
    ['2002:7f00:1::', false],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['fe80::1%eth0', false],
    ['not an address', false],
  ])('%s: %s', (ip, permitted) => {
    expect(isAddressPermitted({ allowed: ['hook.example.com'] }, example, ip)).toBe(permitted)
  })

  test('to an address that is listed itself, on its port', () => {
    const policy = { allowed: ['hook.example.com', '127.0.0.1:9000'] }
    expect(isAddressPermitted(policy, sink('127.0.0.1:9000'), '127.0.0.1')).toBe(true)
    expect(isAddressPermitted(policy, sink('hook.example.com:9000'), '127.0.0.1')).toBe(true)
    expect(isAddressPermitted(policy, sink('hook.example.com:9001'), '127.0.0.1')).toBe(false)
  })

  test('localhost, once listed, to this machine and nowhere else', () => {
    const policy = { allowed: ['localhost:9000'] }
    expect(isAddressPermitted(policy, sink('localhost:9000'), '127.0.0.1')).toBe(true)
    expect(isAddressPermitted(policy, sink('localhost:9000'), '::1')).toBe(true)
    expect(isAddressPermitted(policy, sink('localhost:9000'), '169.254.169.254')).toBe(false)
  })

  test('never to what the installation refuses, such as the API server', () => {
    const policy = { allowed: ['hook.example.com'], alsoRefused: [{ ip: '10.96.0.1' }] }
    expect(isAddressPermitted(policy, example, '10.96.0.1')).toBe(false)
    expect(isAddressPermitted(policy, example, '10.96.0.2')).toBe(true)
  })
})

test('plain text is for listed sinks on this machine', () => {
  const policy = { allowed: ['localhost:9000', '127.0.0.1:9001', 'hook.example.com', '10.0.0.1'] }
  expect(mayBePlain(policy, sink('localhost:9000'))).toBe(true)
  expect(mayBePlain(policy, sink('127.0.0.1:9001'))).toBe(true)
  expect(mayBePlain(policy, sink('127.0.0.1:9002'))).toBe(false)
  expect(mayBePlain(policy, sink('hook.example.com:80'))).toBe(false)
  expect(mayBePlain(policy, sink('10.0.0.1:80'))).toBe(false)
})

test('reads host and port, and nothing that is more than that', () => {
  expect(parseSinkAddress('smtp:587')).toEqual({ host: 'smtp', port: 587 })
  expect(parseSinkAddress('smtp')).toEqual({ host: 'smtp', port: 0 })
  expect(parseSinkAddress('[2001:DB8::1]:25')).toEqual({ host: '2001:db8::1', port: 25 })
  for (const text of [
    '',
    'a b:25',
    'smtp:99999',
    'smtp:x',
    'user@smtp:25',
    'http://smtp:25',
    'smtp:25/x',
    '::1:25',
  ]) {
    expect(parseSinkAddress(text)).toBeUndefined()
  }
  expect(sinkAddress('0x7f.1', 80)).toEqual({ host: '127.0.0.1', port: 80 })
})

import { expect, test } from 'vitest'
import { addressBytes, endpointText, parseHost, parseIp } from '../../src/domain/host.ts'

const loopback = { kind: 'ip', ip: '127.0.0.1', family: 4 }

test.each([
  '127.0.0.1',
  '127.1',
  '0x7f.1',
  '0x7f000001',
  '2130706433',
  '017700000001',
  '0177.0.0.1',
  '127.0.0.1.',
  '１２７.0.0.1',
  '127。0。0。1',
  '::ffff:127.0.0.1',
  '[::ffff:7f00:1]',
])('%s is the loopback address in disguise', (text) => {
  expect(parseHost(text)).toEqual(loopback)
})

test('an IPv6 address is read with and without brackets, in any spelling', () => {
  const expected = { kind: 'ip', ip: '2001:db8::1', family: 6 }
  expect(parseHost('2001:db8::1')).toEqual(expected)
  expect(parseHost('[2001:DB8:0:0:0:0:0:1]')).toEqual(expected)
})

test('a name is lower case and keeps its trailing dot', () => {
  expect(parseHost('Checkout.Shop.svc')).toEqual({ kind: 'name', name: 'checkout.shop.svc' })
  expect(parseHost('example.com.')).toEqual({ kind: 'name', name: 'example.com.' })
  expect(parseHost('_dmarc.example.com')).toEqual({ kind: 'name', name: '_dmarc.example.com' })
  expect(parseHost('bücher.example')).toEqual({ kind: 'name', name: 'xn--bcher-kva.example' })
})

test.each([
  '',
  ' ',
  'a b',
  'user@host',
  'host:80',
  'host/path',
  'host?x',
  'host#x',
  'a\\b',
  'fe80::1%eth0',
  '[fe80::1%25eth0]',
  '256.256.256.256',
  '[::1',
  'host\r\nX: y',
])('%j is no host', (text) => {
  expect(parseHost(text)).toBeUndefined()
})

test('an address of a resolver is read strictly', () => {
  expect(parseIp('10.0.0.1')).toEqual({ kind: 'ip', ip: '10.0.0.1', family: 4 })
  expect(parseIp('0x7f.1')).toBeUndefined()
  expect(parseIp('fe80::1%1')).toBeUndefined()
})

test('an endpoint writes IPv6 in brackets', () => {
  expect(endpointText('10.0.0.1', 80)).toBe('10.0.0.1:80')
  expect(endpointText('2001:db8::1', 443)).toBe('[2001:db8::1]:443')
})

test('an address has its bytes', () => {
  expect(addressBytes('10.2.3.4')).toEqual([10, 2, 3, 4])
  expect(addressBytes('::1')).toHaveLength(16)
  expect(addressBytes('checkout')).toBeUndefined()
})

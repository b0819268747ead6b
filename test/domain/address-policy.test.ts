import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type AddressPolicy, mayDial, mayResolve } from '../../src/domain/address-policy.ts'
import { parseHost } from '../../src/domain/host.ts'

const inCluster: AddressPolicy = { loopback: 'refused' }
const ofOwnUser: AddressPolicy = { loopback: 'allowed' }

/** As a probe would: read the host as it is written, then ask for the address. */
function mayProbe(policy: AddressPolicy, host: string, port = 80): boolean {
  const parsed = parseHost(host)
  if (parsed === undefined) return false
  return parsed.kind === 'ip' ? mayDial(policy, parsed.ip, port) : mayResolve(parsed.name)
}

const alwaysRefused = [
  // Cloud metadata, in every spelling that some parser understands.
  '169.254.169.254',
  '169.254.170.2',
  '100.100.100.200',
  '168.63.129.16',
  'fd00:ec2::254',
  '2852039166',
  '0xa9fea9fe',
  '0xA9.0xFE.0xA9.0xFE',
  '0251.0376.0251.0376',
  '169.254.43518',
  '169.16689662',
  '0xa9.254.0251.254',
  '025177524776',
  '169.254.169.254.',
  '１６９.254.169.254',
  '169。254。169。254',
  '169．254．169．254',
  '169｡254｡169｡254',
  '①⑥⑨.254.169.254',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '[::ffff:a9fe:a9fe]',
  '::169.254.169.254',
  '::a9fe:a9fe',
  '0:0:0:0:0:ffff:a9fe:a9fe',
  '64:ff9b::169.254.169.254',
  '64:ff9b::a9fe:a9fe',
  '2002:a9fe:a9fe::',
  '2002:a9fe:a9fe::1',
  '::ffff:0:169.254.169.254',
  '2001:0:0:0:0:0:5601:5601',
  '64:ff9b::6464:64c8',
  '2002:a83f:8110::1',
  'fd00:0ec2:0:0:0:0:0:254',
  'FD00:EC2::254',
  'metadata.google.internal',
  'metadata.google.internal.',
  'METADATA.google.internal',
  'ｍｅｔａｄａｔａ.google.internal',
  // Link-local, whole ranges.
  '169.254.0.1',
  '169.254.255.255',
  'fe80::1',
  'febf::1',
  'fe80::1%eth0',
  '[fe80::1%25eth0]',
  '64:ff9b::169.254.0.1',
  // Nowhere and everywhere.
  '0.0.0.0',
  '0',
  '0x0',
  '0.1.2.3',
  '::',
  '[::]',
  '::0.0.0.0',
  '::ffff:0.0.0.0',
  '0000::0',
  '255.255.255.255',
  '4294967295',
  '0xffffffff',
  '224.0.0.1',
  '239.255.255.250',
  '255.255.255.255.',
  'ff02::1',
  'ff05::2',
  '::ffff:224.0.0.1',
  '64:ff9b::255.255.255.255',
  // No host at all.
  'user@169.254.169.254',
  '169.254.169.254:80',
  '169.254.169.254/latest',
  '',
  '[169.254.169.254]',
  'fd00:ec2::254%1',
]

const loopbackForms = [
  '127.0.0.1',
  '127.0.0.2',
  '127.255.255.254',
  '127.1',
  '127.0.1',
  '0x7f.1',
  '0x7f000001',
  '2130706433',
  '017700000001',
  '0177.1',
  '127.0.0.1.',
  '１２７.0.0.1',
  '::1',
  '[::1]',
  '0:0:0:0:0:0:0:1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::127.0.0.1',
  '::7f00:1',
  '64:ff9b::127.0.0.1',
  '2002:7f00:1::',
  '2001::80ff:fffe',
  '::ffff:0:127.0.0.1',
]

test.each(alwaysRefused)('%s is refused in a cluster and to the own user alike', (host) => {
  expect(mayProbe(inCluster, host)).toBe(false)
  expect(mayProbe(ofOwnUser, host)).toBe(false)
})

test.each(loopbackForms)('%s is refused in a cluster, as every way to write loopback', (host) => {
  expect(mayProbe(inCluster, host)).toBe(false)
})

test('loopback is open to a program that the own user started', () => {
  expect(
    ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1', '0x7f.1'].every((host) =>
      mayProbe(ofOwnUser, host),
    ),
  ).toBe(true)
})

test.each([
  '10.2.3.4',
  '172.16.0.1',
  '192.168.1.1',
  '100.64.0.1',
  '8.8.8.8',
  '93.184.216.34',
  '198.51.100.1',
  '203.0.113.9',
  'fd12:3456::1',
  '2606:4700::1111',
  '2001:db8::1',
  '64:ff9b::8.8.8.8',
  'checkout.shop.svc',
])('%s may be probed: honest targets in a cluster are private', (host) => {
  expect(mayProbe(inCluster, host)).toBe(true)
})

test('what the configuration refuses is refused in every form, on its port or on all', () => {
  const policy: AddressPolicy = {
    loopback: 'refused',
    alsoRefused: [{ ip: '10.96.0.1', port: 443 }, { ip: '10.0.0.10' }],
  }
  expect(mayDial(policy, '10.96.0.1', 443)).toBe(false)
  expect(mayDial(policy, '10.96.0.1', 80)).toBe(true)
  expect(mayDial(policy, '::ffff:10.96.0.1', 443)).toBe(false)
  expect(mayDial(policy, '64:ff9b::10.96.0.1', 443)).toBe(false)
  expect(mayDial(policy, '10.0.0.10', 1)).toBe(false)
})

test('no IPv4 address that is refused passes inside an IPv6 one', () => {
  const refused = fc.constantFrom('169.254.1.2', '127.0.0.1', '0.0.0.1', '224.1.2.3', '100.100.100.200')
  const wrapping = fc.constantFrom('::ffff:', '::', '64:ff9b::', '::ffff:0:')
  fc.assert(
    fc.property(refused, wrapping, (ip, prefix) => {
      expect(mayDial(inCluster, `${prefix}${ip}`, 80)).toBe(false)
    }),
  )
})

test('whatever is no address is refused', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      fc.pre(!/^[0-9a-fA-F.:x]*$/.test(text))
      expect(mayDial(ofOwnUser, text, 80)).toBe(false)
    }),
  )
})

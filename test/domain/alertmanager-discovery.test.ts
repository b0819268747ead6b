import { expect, it } from 'vitest'
import { discoverAlertmanagers } from '../../src/domain/alertmanager-discovery.ts'
import type { KubeObject } from '../../src/domain/kube-object.ts'

function alertmanager(name: string, spec: Readonly<Record<string, unknown>> = {}): KubeObject {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'Alertmanager',
    metadata: { name, namespace: 'monitoring' },
    spec,
  }
}

function slice(
  pods: Readonly<Record<string, string>>,
  options: { service?: string; more?: object } = {},
): KubeObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `slice-${Object.keys(pods).join('-')}`,
      namespace: 'monitoring',
      labels: { 'kubernetes.io/service-name': options.service ?? 'alertmanager-operated' },
    },
    addressType: 'IPv4',
    ports: [
      { name: 'mesh', port: 9094 },
      { name: 'web', port: 9093 },
    ],
    endpoints: Object.entries(pods).map(([hostname, address]) => ({ hostname, addresses: [address] })),
    ...options.more,
  }
}

function check(resources: readonly KubeObject[], endpointSlices: readonly KubeObject[]) {
  return discoverAlertmanagers({ resources, endpointSlices, configured: [] })
}

it('finds the replicas of a cluster, sorted', () => {
  const endpoints = slice({ 'alertmanager-main-1': '10.0.0.2', 'alertmanager-main-0': '10.0.0.1' })
  expect(check([alertmanager('main')], [endpoints])).toEqual([
    { name: 'monitoring/main', urls: ['http://10.0.0.1:9093', 'http://10.0.0.2:9093'] },
  ])
})

it('tells apart two Alertmanagers that share the governing Service', () => {
  const endpoints = slice({
    'alertmanager-main-0': '10.0.0.1',
    'alertmanager-main-b-0': '10.0.0.2',
    'alertmanager-main-10': '10.0.0.3',
  })
  expect(check([alertmanager('main-b'), alertmanager('main')], [endpoints])).toEqual([
    { name: 'monitoring/main', urls: ['http://10.0.0.1:9093', 'http://10.0.0.3:9093'] },
    { name: 'monitoring/main-b', urls: ['http://10.0.0.2:9093'] },
  ])
})

it('follows prefix, port name, Service name and TLS of the resource', () => {
  const spec = { routePrefix: '/alerts/', serviceName: 'mine', portName: 'mesh', web: { tlsConfig: {} } }
  expect(
    check([alertmanager('main', spec)], [slice({ 'alertmanager-main-0': '10.0.0.1' }, { service: 'mine' })]),
  ).toEqual([{ name: 'monitoring/main', urls: ['https://10.0.0.1:9094/alerts'] }])
  expect(
    check([alertmanager('main', { routePrefix: '/' })], [slice({ 'alertmanager-main-0': '10.0.0.1' })]),
  ).toEqual([{ name: 'monitoring/main', urls: ['http://10.0.0.1:9093'] }])
})

it('leaves out pods that are not ready, and takes endpoints that name no pod', () => {
  const endpoints = [
    { addresses: ['fd00::1'] },
    { addresses: ['fd00::2'], conditions: { ready: false } },
    { addresses: ['fd00::3'], targetRef: { name: 'alertmanager-other-0' } },
  ]
  expect(check([alertmanager('main')], [slice({}, { more: { addressType: 'IPv6', endpoints } })])).toEqual([
    { name: 'monitoring/main', urls: ['http://[fd00::1]:9093'] },
  ])
})

it('knows an Alertmanager that has no replica yet, and lets the configuration replace it', () => {
  expect(check([alertmanager('main')], [])).toEqual([{ name: 'monitoring/main', urls: [] }])
  const configured = [
    { name: 'outside', urls: ['http://127.0.0.1:9093/'] },
    { name: 'monitoring/main', urls: ['http://127.0.0.1:9094'] },
  ]
  expect(
    discoverAlertmanagers({ resources: [alertmanager('main')], endpointSlices: [], configured }),
  ).toEqual([
    { name: 'monitoring/main', urls: ['http://127.0.0.1:9094'] },
    { name: 'outside', urls: ['http://127.0.0.1:9093'] },
  ])
})

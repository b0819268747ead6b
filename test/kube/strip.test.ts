import { expect, test } from 'vitest'
import { strip } from '../../src/kube/strip.ts'

const metadata = {
  name: 'cart',
  namespace: 'shop',
  uid: 'u',
  resourceVersion: '7',
  labels: { app: 'cart' },
  annotations: {
    'kubectl.kubernetes.io/last-applied-configuration': '{}',
    'example.org/note': 'kept',
  },
  managedFields: [{ manager: 'kubectl' }],
}
const lookedUp = { name: 'cart', namespace: 'shop', uid: 'u', resourceVersion: '7', labels: { app: 'cart' } }

test('keeps an own object whole but for what nobody reads, and names its kind', () => {
  const object = { metadata, spec: { interval: '30s' } } as never
  const { managedFields: _, ...kept } = metadata
  expect(strip('InspectionTarget', object)).toEqual({
    apiVersion: 'roundsman.dev/v1alpha1',
    kind: 'InspectionTarget',
    metadata: { ...kept, annotations: { 'example.org/note': 'kept' } },
    spec: { interval: '30s' },
  })
})

test('keeps of a Service what a target is found by', () => {
  const ports = [{ name: 'http', port: 80 }]
  const spec = {
    clusterIP: '10.0.0.7',
    type: 'ClusterIP',
    ports,
    selector: { app: 'cart' },
    sessionAffinity: 'None',
  }
  expect(strip('Service', { apiVersion: 'v1', kind: 'Service', metadata, spec, status: {} })).toEqual({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: lookedUp,
    spec: { clusterIP: '10.0.0.7', type: 'ClusterIP', ports },
  })
})

test('keeps of an EndpointSlice where to dial, and takes one without endpoints', () => {
  const endpoint = { addresses: ['10.1.0.1'], conditions: { ready: true }, nodeName: 'n', zone: 'z' }
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata,
    addressType: 'IPv4',
    ports: [],
  }
  expect(strip('EndpointSlice', { ...slice, endpoints: [endpoint] })).toEqual({
    ...slice,
    metadata: lookedUp,
    endpoints: [{ addresses: ['10.1.0.1'], conditions: { ready: true } }],
  })
  expect(strip('EndpointSlice', { ...slice, endpoints: null })).toMatchObject({ endpoints: [] })
})

test('keeps of a Namespace its labels', () => {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata, spec: { finalizers: ['kubernetes'] } }
  expect(strip('Namespace', namespace)).toEqual({ apiVersion: 'v1', kind: 'Namespace', metadata: lookedUp })
})

import { expect, test } from 'vitest'
import { collectionPath, objectPath, resourceName } from '../../src/kube/paths.ts'

test('finds collections of core and of other groups, in one namespace or all', () => {
  expect(collectionPath('Service')).toBe('/api/v1/services')
  expect(collectionPath('Service', 'shop')).toBe('/api/v1/namespaces/shop/services')
  expect(collectionPath('Silence', 'shop')).toBe('/apis/roundsman.dev/v1alpha1/namespaces/shop/silences')
})

test('finds objects and their status, and escapes names', () => {
  expect(objectPath({ kind: 'Namespace', namespace: '', name: 'kube-system' })).toBe(
    '/api/v1/namespaces/kube-system',
  )
  expect(objectPath({ kind: 'Silence', namespace: 'shop', name: 'a/b' }, 'status')).toBe(
    '/apis/roundsman.dev/v1alpha1/namespaces/shop/silences/a%2Fb/status',
  )
})

test('names resources as RBAC does', () => {
  expect(resourceName('Service')).toBe('services')
  expect(resourceName('PrometheusRule')).toBe('prometheusrules.monitoring.coreos.com')
})

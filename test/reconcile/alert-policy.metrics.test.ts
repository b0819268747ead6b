import { expect, test } from 'vitest'
import type { KubeObject } from '../../src/domain/kube-object.ts'
import { alertPolicy } from '../../src/reconcile/alert-policy.ts'

const [older, younger] = ['older', 'younger'].map(
  (name, index): KubeObject => ({
    apiVersion: 'roundsman.dev/v1alpha1',
    kind: 'AlertPolicy',
    metadata: {
      name,
      namespace: 'shop',
      uid: name,
      generation: 1,
      creationTimestamp: `2026-01-0${index + 1}T00:00:00Z`,
    },
    spec: { targets: { selector: {} }, rules: [{ name: 'down', severity: 'critical', down: {} }] },
  }),
) as [KubeObject, KubeObject]

const target: KubeObject = {
  apiVersion: 'roundsman.dev/v1alpha1',
  kind: 'InspectionTarget',
  metadata: { name: 'checkout', namespace: 'shop', uid: 't' },
  spec: { tcp: { host: 'checkout', port: 80 }, metrics: { service: { name: 'checkout', port: 'metrics' } } },
}
const service: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'checkout', namespace: 'shop' },
  spec: { ports: [{ name: 'metrics', port: 9090 }] },
}
const prometheus = (release: string): KubeObject => ({
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'Prometheus',
  metadata: { name: release, namespace: 'monitoring' },
  spec: {
    ruleSelector: { matchLabels: { release } },
    ruleNamespaceSelector: {},
    serviceMonitorSelector: { matchLabels: { release } },
    serviceMonitorNamespaceSelector: {},
  },
})

function plan(policy: KubeObject, others: readonly KubeObject[] = []) {
  const all = [older, younger, target, service, prometheus('a'), prometheus('b'), ...others]
  const world = alertPolicy.observe(
    { kind: 'AlertPolicy', namespace: 'shop', name: policy.metadata.name },
    {
      objects: {
        get: ({ kind, name }) => all.find((one) => one.kind === kind && one.metadata.name === name),
        list: (kind, namespace) =>
          all.filter(
            (one) => one.kind === kind && (namespace === undefined || one.metadata.namespace === namespace),
          ),
        ownedBy: () => [],
        availability: () => ({ state: 'synced' }),
      },
      probes: { report: () => undefined },
      alertmanagers: { alertmanagers: () => [], refusal: () => undefined },
      carriedOut: { trouble: () => undefined },
      installation: {
        clusterId: 'c1',
        delivery: 'Prometheus',
        clusterDomain: 'cluster.local',
        standalone: false,
      },
    },
  )
  if (world === undefined) throw new Error('the policy is gone')
  return alertPolicy.decide(world, Date.UTC(2026, 0, 3))
}

function monitorOf(policy: KubeObject, others: readonly KubeObject[] = []): KubeObject | undefined {
  const { desired } = plan(policy, others)
  return desired.kind === 'exactly'
    ? desired.objects.find(({ kind }) => kind === 'ServiceMonitor')
    : undefined
}

test('an endpoint of two policies is scraped for the older one, and for the next when that is gone', () => {
  const monitor = monitorOf(older)
  expect(monitor).toBeDefined()
  expect(monitorOf(younger, [monitor!])).toBeUndefined()
  expect(monitorOf(older, [monitor!, monitorOf(younger)!])).toEqual(monitor)
  expect(monitorOf(younger)).toBeDefined()
})

test('an endpoint that a foreign monitor scrapes is left to it, and that is said', () => {
  const foreign: KubeObject = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: { name: 'apps', namespace: 'monitoring' },
    spec: { namespaceSelector: { any: true }, selector: {}, endpoints: [{ port: 'metrics' }] },
  }
  expect(monitorOf(older, [foreign])).toBeUndefined()
  expect(JSON.stringify(plan(older, [foreign]).status)).toContain(
    'Service checkout is already scraped at /metrics by ServiceMonitor monitoring/apps',
  )
})

test('rules go to the Prometheus that scrapes the results of Roundsman', () => {
  const chart: KubeObject = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: {
      name: 'roundsman',
      namespace: 'roundsman',
      labels: { 'app.kubernetes.io/name': 'roundsman', release: 'b' },
    },
    spec: { selector: { matchLabels: { app: 'roundsman' } }, endpoints: [] },
  }
  expect(monitorOf(older)?.metadata.labels).toMatchObject({ release: 'a' })
  expect(monitorOf(older, [chart])?.metadata.labels).toMatchObject({ release: 'b' })
})

import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../../src/domain/kube-object.ts'
import { monitorsBefore } from '../../src/generate/precedence.ts'
import { coverageOf, coveredSentence } from '../../src/generate/scrape-coverage.ts'
import { scrapeEndpoints } from '../../src/generate/scrape-endpoint.ts'
import { serviceMonitor } from '../../src/generate/service-monitor.ts'

const service: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'checkout', namespace: 'shop', labels: { app: 'checkout' } },
  spec: {
    ports: [
      { name: 'http', port: 80 },
      { name: 'metrics', port: 9090, targetPort: 8080 },
    ],
  },
}
const metrics = (port: number | string, path?: string) => ({
  spec: { tcp: {}, metrics: { service: { name: 'checkout', port }, ...(path && { path }) } },
})
const endpoints = scrapeEndpoints([metrics(9090)], [service])

function foreign(spec: Readonly<Record<string, unknown>>, namespace = 'shop'): KubeObject {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: { name: 'foreign', namespace },
    spec: { selector: {}, ...spec },
  }
}

function coveredBy(...monitors: readonly KubeObject[]): readonly string[] {
  const coverage = coverageOf({ endpoints, namespace: 'shop', monitors, services: [service] })
  expect(coverage.endpoints).toHaveLength(endpoints.length - coverage.covered.length)
  return coverage.covered.map(coveredSentence)
}

describe('endpoints of targets', () => {
  it('are named by the name of the port, or else by the port of the container', () => {
    const nameless = { ...service, spec: { ports: [{ port: 80, targetPort: 'web' }] } }
    expect(scrapeEndpoints([metrics('metrics')], [service])[0]?.port).toEqual({ port: 'metrics' })
    expect(scrapeEndpoints([metrics(9090)], [service])[0]?.port).toEqual({ port: 'metrics' })
    expect(scrapeEndpoints([metrics(80)], [nameless])[0]?.port).toEqual({ targetPort: 'web' })
    expect(scrapeEndpoints([metrics(80)], [])[0]?.port).toEqual({ targetPort: 80 })
  })

  it('are listed once', () => {
    expect(
      scrapeEndpoints(
        [metrics(9090), metrics('metrics', '/metrics'), metrics('metrics', '/other')],
        [service],
      ),
    ).toHaveLength(2)
  })
})

describe('an endpoint is covered', () => {
  const said = ['Service checkout is already scraped at /metrics by ServiceMonitor shop/foreign']

  it('by a monitor that selects its Service and its port, by whichever name', () => {
    expect(coveredBy(foreign({ endpoints: [{ port: 'metrics' }] }))).toEqual(said)
    expect(coveredBy(foreign({ endpoints: [{ targetPort: 8080, path: '/metrics' }] }))).toEqual(said)
    expect(
      coveredBy(
        foreign({ selector: { matchLabels: { app: 'checkout' } }, endpoints: [{ port: 'metrics' }] }),
      ),
    ).toEqual(said)
  })

  it('by a monitor of another namespace that looks into this one', () => {
    const endpoint = { endpoints: [{ port: 'metrics' }] }
    expect(coveredBy(foreign({ ...endpoint, namespaceSelector: { any: true } }, 'monitoring'))).toHaveLength(
      1,
    )
    expect(
      coveredBy(foreign({ ...endpoint, namespaceSelector: { matchNames: ['shop'] } }, 'monitoring')),
    ).toHaveLength(1)
    expect(coveredBy(foreign(endpoint, 'monitoring'))).toEqual([])
    expect(coveredBy(foreign({ ...endpoint, namespaceSelector: { matchNames: ['other'] } }))).toEqual([])
  })

  it('not by one for another Service, port, path or parameters', () => {
    expect(
      coveredBy(foreign({ selector: { matchLabels: { app: 'cart' } }, endpoints: [{ port: 'metrics' }] })),
    ).toEqual([])
    expect(coveredBy(foreign({ endpoints: [{ port: 'http' }, { port: 'metrics', path: '/x' }] }))).toEqual([])
    expect(coveredBy(foreign({ endpoints: [{ port: 'metrics', params: { a: ['b'] } }] }))).toEqual([])
    expect(coveredBy(foreign({ endpoints: [{ port: 'missing' }] }))).toEqual([])
  })

  it('by a monitor of another policy for the same Service, and not by one for another', () => {
    const ofPolicy = (name: string) =>
      serviceMonitor({
        owner: { namespace: 'shop', name: 'older', uid: 'older' },
        endpoints: endpoints.map((endpoint) => ({ ...endpoint, service: name })),
        labels: {},
      })!
    expect(coveredBy(ofPolicy('checkout'))).toEqual([
      'Service checkout is already scraped at /metrics by ServiceMonitor shop/roundsman-older',
    ])
    expect(coveredBy(ofPolicy('check'))).toEqual([])
  })

  it('by nobody while its Service is not there', () => {
    const monitors = [foreign({ endpoints: [{ port: 'metrics' }] })]
    expect(coverageOf({ endpoints, namespace: 'shop', monitors, services: [] }).covered).toEqual([])
  })
})

describe('a policy steps back', () => {
  const policy = (uid: string, creationTimestamp: string): KubeObject => ({
    apiVersion: 'roundsman.dev/v1alpha1',
    kind: 'AlertPolicy',
    metadata: { name: uid, namespace: 'shop', uid, creationTimestamp },
  })
  const monitorOf = (uid: string): KubeObject =>
    serviceMonitor({ owner: { namespace: 'shop', name: uid, uid }, endpoints, labels: {} })!
  const policies = [
    policy('b', '2026-01-01T00:00:00Z'),
    policy('a', '2026-01-02T00:00:00Z'),
    policy('c', '2026-01-02T00:00:00Z'),
  ]
  const steppedBackFor = (index: number, monitors: readonly KubeObject[]) =>
    monitorsBefore({ policy: policies[index]!, policies, monitors }).map((monitor) => monitor.metadata.name)

  it('before foreign monitors and those of older policies', () => {
    const monitors = [...policies.map((one) => monitorOf(one.metadata.uid!)), foreign({})]
    expect(steppedBackFor(0, monitors)).toEqual(['foreign'])
    expect(steppedBackFor(1, monitors)).toEqual(['roundsman-b', 'foreign'])
    expect(steppedBackFor(2, monitors)).toEqual(['roundsman-b', 'roundsman-a', 'foreign'])
  })

  it('before a monitor whose policy is not known', () => {
    expect(steppedBackFor(0, [monitorOf('gone')])).toEqual(['roundsman-gone'])
  })
})

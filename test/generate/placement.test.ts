import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../../src/domain/kube-object.ts'
import { placementFor, type Surroundings } from '../../src/generate/placement.ts'

type Spec = Readonly<Record<string, unknown>>

function resource(
  kind: string,
  name: string,
  spec: Spec,
  labels: Readonly<Record<string, string>> = {},
): KubeObject {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind,
    metadata: { name, namespace: 'monitoring', labels },
    spec,
  }
}
const open = {
  ruleSelector: {},
  ruleNamespaceSelector: {},
  serviceMonitorSelector: {},
  serviceMonitorNamespaceSelector: {},
}
const prometheus = (name: string, spec: Spec = {}) => resource('Prometheus', name, { ...open, ...spec })
const alertmanager = (name: string, spec: Spec = {}) =>
  resource('Alertmanager', name, {
    alertmanagerConfigSelector: {},
    alertmanagerConfigNamespaceSelector: {},
    ...spec,
  })

const shop: KubeObject = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'shop', labels: { team: 'a' } },
}

function place(changes: Partial<Surroundings>) {
  return placementFor({
    namespace: 'shop',
    prometheuses: [],
    alertmanagers: [],
    namespaces: [shop],
    ...changes,
  })
}
const rulesOf = (...prometheuses: readonly KubeObject[]) => place({ prometheuses }).rules
const routesOf = (...alertmanagers: readonly KubeObject[]) => place({ alertmanagers }).routes

describe('rules are picked up by', () => {
  it('a Prometheus that takes everything, without a label', () => {
    expect(rulesOf(prometheus('k8s'))).toEqual({ labels: {}, by: ['monitoring/k8s'] })
  })

  it('a Prometheus whose selector they can satisfy', () => {
    const selector = { matchLabels: { release: 'stack' } }
    expect(rulesOf(prometheus('k8s', { ruleSelector: selector }))).toEqual({
      labels: { release: 'stack' },
      by: ['monitoring/k8s'],
    })
  })

  it('one Prometheus alone: the first that can be satisfied', () => {
    const blind = prometheus('a', { ruleSelector: null })
    expect(rulesOf(prometheus('c'), prometheus('b'), blind).by).toEqual(['monitoring/b'])
  })

  it('the Prometheus that scrapes Roundsman, where that is known', () => {
    const ownMonitor = resource('ServiceMonitor', 'roundsman', {}, { release: 'b' })
    const prometheuses = ['a', 'b'].map((release) =>
      prometheus(release, { serviceMonitorSelector: { matchLabels: { release } } }),
    )
    const placement = place({ prometheuses, ownMonitor })
    expect(placement.rules.by).toEqual(['monitoring/b'])
    expect(placement.monitors).toEqual({ labels: { release: 'b' }, by: ['monitoring/b'] })
    expect(place({ prometheuses, ownMonitor: resource('ServiceMonitor', 'roundsman', {}) }).rules.by).toEqual(
      ['monitoring/a'],
    )
  })

  it('a Prometheus in their own namespace, where it looks nowhere else', () => {
    const selfish = prometheus('k8s', { ruleNamespaceSelector: null })
    expect(
      placementFor({ namespace: 'monitoring', prometheuses: [selfish], alertmanagers: [], namespaces: [] })
        .rules.by,
    ).toEqual(['monitoring/k8s'])
  })

  it('a Prometheus that selects their namespace by label, or by the name that Kubernetes writes on it', () => {
    const byLabel = prometheus('k8s', { ruleNamespaceSelector: { matchLabels: { team: 'a' } } })
    const byName = prometheus('k8s', {
      ruleNamespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
    })
    expect(rulesOf(byLabel).by).toHaveLength(1)
    expect(place({ prometheuses: [byName], namespaces: [] }).rules.by).toHaveLength(1)
  })
})

describe('rules are picked up by nobody', () => {
  it.each([
    [
      { ruleSelector: null },
      'Prometheus monitoring/k8s takes nothing: its ruleSelector is null; set it to {} or to a label selector',
      'SelectorUnsatisfiable',
    ],
    [
      { ruleNamespaceSelector: null },
      'Prometheus monitoring/k8s looks only into its own namespace: its ruleNamespaceSelector is null; set it to {} or to a selector of namespace shop',
      'NamespaceNotSelected',
    ],
    [
      { ruleNamespaceSelector: { matchLabels: { team: 'b' } } },
      'ruleNamespaceSelector of Prometheus monitoring/k8s (team=b) does not match namespace shop: label team is a, it must be b',
      'NamespaceNotSelected',
    ],
    [
      {
        ruleSelector: {
          matchExpressions: [{ key: 'app.kubernetes.io/managed-by', operator: 'DoesNotExist' }],
        },
      },
      'ruleSelector of Prometheus monitoring/k8s (!app.kubernetes.io/managed-by) cannot be satisfied: label app.kubernetes.io/managed-by must not be there',
      'SelectorUnsatisfiable',
    ],
  ])('for %j', (spec, problem, reason) => {
    expect(rulesOf(prometheus('k8s', spec))).toEqual({ labels: {}, by: [], problem, reason })
  })

  it('where no Prometheus is known', () => {
    expect(rulesOf()).toMatchObject({
      by: [],
      problem: expect.stringContaining('no Prometheus resource is known'),
    })
  })
})

it('places monitors beside the rules, and tells what is in their way alone', () => {
  const placement = place({
    prometheuses: [prometheus('a', { serviceMonitorSelector: null }), prometheus('b')],
  })
  expect(placement.rules.by).toEqual(['monitoring/a'])
  expect(placement.monitors.problem).toContain('serviceMonitorSelector is null')
})

describe('routes are picked up by', () => {
  it('every Alertmanager that can be satisfied together with the others', () => {
    const routes = routesOf(
      alertmanager('a', { alertmanagerConfigSelector: { matchLabels: { role: 'x' } } }),
      alertmanager('b', { alertmanagerConfigSelector: { matchLabels: { role: 'y' } } }),
      alertmanager('c', { alertmanagerConfigSelector: { matchLabels: { team: 'z' } } }),
      alertmanager('d', { alertmanagerConfigSelector: null }),
    )
    expect(routes).toEqual({
      labels: { role: 'x', team: 'z' },
      by: ['monitoring/a', 'monitoring/c'],
      addsNamespaceMatcher: false,
    })
  })

  it('nobody that would let go of an earlier one', () => {
    const routes = routesOf(
      alertmanager('a', {
        alertmanagerConfigSelector: { matchExpressions: [{ key: 'role', operator: 'DoesNotExist' }] },
      }),
      alertmanager('b', { alertmanagerConfigSelector: { matchLabels: { role: 'x' } } }),
    )
    expect(routes).toMatchObject({ labels: {}, by: ['monitoring/a'] })
  })

  it('nobody where none is known, or none takes them', () => {
    expect(routesOf().problem).toContain('no Alertmanager resource is known')
    expect(routesOf(alertmanager('a', { alertmanagerConfigSelector: null })).problem).toContain(
      'alertmanagerConfigSelector is null',
    )
  })
})

it.each([
  [undefined, 'shop', false],
  ['OnNamespace', 'shop', false],
  ['None', 'shop', true],
  ['OnNamespaceExceptForAlertmanagerNamespace', 'shop', false],
  ['OnNamespaceExceptForAlertmanagerNamespace', 'monitoring', true],
  ['OfANewerVersion', 'shop', true],
])(
  'with matcher strategy %s routes in namespace %s add the namespace themselves: %s',
  (type, namespace, adds) => {
    const spec = type === undefined ? {} : { alertmanagerConfigMatcherStrategy: { type } }
    const { routes } = place({ namespace, alertmanagers: [alertmanager('a', spec)] })
    expect(routes.addsNamespaceMatcher).toBe(adds)
  },
)

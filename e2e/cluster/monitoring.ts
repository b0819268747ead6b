// The objects of a monitoring stack as a platform team would write them: one Prometheus, one Alertmanager, and the rights of Prometheus.
import { ownedByNamespace } from './namespace.ts'
import { schedulerName } from './pod.ts'

export type MonitoringStackOptions = {
  readonly namespace: string
  /** A version the suite has built: 0.34.2, or 0.31.1 for the older contract. */
  readonly alertmanagerVersion?: '0.34.2' | '0.31.1'
  /** Laid over the spec of the Prometheus, key by key. */
  readonly prometheus?: Readonly<Record<string, unknown>>
  /** Laid over the spec of the Alertmanager, key by key. */
  readonly alertmanager?: Readonly<Record<string, unknown>>
}

/** The pods that prometheus-operator makes of the stack. */
export const prometheusPod = 'prometheus-main-0'
export const alertmanagerPod = 'alertmanager-main-0'

/**
 * Everything is named `main`. Selectors are open within the namespace, and everything is looked at every second, so that tests need not
 * wait; what a test is about it sets itself.
 */
export function monitoringStack({
  namespace,
  alertmanagerVersion = '0.34.2',
  ...specs
}: MonitoringStackOptions): readonly object[] {
  return [
    ...prometheusRights(namespace),
    {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'Prometheus',
      metadata: { name: 'main', namespace },
      spec: {
        version: 'v3.13.1',
        schedulerName,
        replicas: 1,
        serviceAccountName: 'prometheus',
        scrapeInterval: '1s',
        evaluationInterval: '1s',
        ruleSelector: {},
        serviceMonitorSelector: {},
        alerting: { alertmanagers: [{ namespace, name: 'alertmanager-operated', port: 'web' }] },
        ...specs.prometheus,
      },
    },
    {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'Alertmanager',
      metadata: { name: 'main', namespace },
      spec: {
        version: `v${alertmanagerVersion}`,
        schedulerName,
        replicas: 1,
        alertmanagerConfigSelector: {},
        ...specs.alertmanager,
      },
    },
  ]
}

function prometheusRights(namespace: string): readonly object[] {
  const metadata = {
    name: `roundsman-e2e-prometheus-${namespace}`,
    labels: { [ownedByNamespace]: namespace },
  }
  const verbs = ['get', 'list', 'watch']
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'prometheus', namespace } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata,
      rules: [
        { apiGroups: [''], resources: ['services', 'endpoints', 'pods'], verbs },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', name: 'prometheus', namespace }],
    },
  ]
}

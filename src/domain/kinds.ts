// Every Kubernetes kind Roundsman reads or writes, and where the API serves it. Data only.

export type KindInfo = {
  readonly group: string // '' is the core group.
  readonly version: string
  readonly plural: string
  readonly namespaced: boolean
}

export const kinds = {
  InspectionTarget: {
    group: 'roundsman.dev',
    version: 'v1alpha1',
    plural: 'inspectiontargets',
    namespaced: true,
  },
  AlertPolicy: { group: 'roundsman.dev', version: 'v1alpha1', plural: 'alertpolicies', namespaced: true },
  Silence: { group: 'roundsman.dev', version: 'v1alpha1', plural: 'silences', namespaced: true },
  PrometheusRule: {
    group: 'monitoring.coreos.com',
    version: 'v1',
    plural: 'prometheusrules',
    namespaced: true,
  },
  ServiceMonitor: {
    group: 'monitoring.coreos.com',
    version: 'v1',
    plural: 'servicemonitors',
    namespaced: true,
  },
  AlertmanagerConfig: {
    group: 'monitoring.coreos.com',
    version: 'v1alpha1',
    plural: 'alertmanagerconfigs',
    namespaced: true,
  },
  Prometheus: { group: 'monitoring.coreos.com', version: 'v1', plural: 'prometheuses', namespaced: true },
  Alertmanager: { group: 'monitoring.coreos.com', version: 'v1', plural: 'alertmanagers', namespaced: true },
  Service: { group: '', version: 'v1', plural: 'services', namespaced: true },
  EndpointSlice: { group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices', namespaced: true },
  Namespace: { group: '', version: 'v1', plural: 'namespaces', namespaced: false },
  Secret: { group: '', version: 'v1', plural: 'secrets', namespaced: true },
  ConfigMap: { group: '', version: 'v1', plural: 'configmaps', namespaced: true },
  Lease: { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true },
  Event: { group: 'events.k8s.io', version: 'v1', plural: 'events', namespaced: true },
  CustomResourceDefinition: {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    plural: 'customresourcedefinitions',
    namespaced: false,
  },
} as const satisfies Record<string, KindInfo>

export type KindName = keyof typeof kinds
export type OwnKind = 'InspectionTarget' | 'AlertPolicy' | 'Silence'
export type GeneratedKind = 'PrometheusRule' | 'ServiceMonitor' | 'AlertmanagerConfig'

/** `group/version`, or the bare version for the core group: the `apiVersion` field of an object. */
export function apiVersionOf(kind: KindName): string {
  const { group, version } = kinds[kind]
  return group === '' ? version : `${group}/${version}`
}

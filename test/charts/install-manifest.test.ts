// What the shipped installation may do and how its pod is confined, read from the rendered chart. That it is what the chart renders today
// is checked where there is a helm, in the end-to-end suite.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadAll } from 'js-yaml'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

type Rule = { apiGroups: string[]; resources: string[]; resourceNames?: string[]; verbs: string[] }
type Manifest = {
  kind: string
  metadata: {
    name: string
    namespace?: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
  }
  rules?: Rule[]
  [field: string]: unknown
}

const manifests = (
  loadAll(readFileSync(join(root, 'manifests/install.yaml'), 'utf8')) as (Manifest | null)[]
).filter((manifest) => manifest !== null)
const roles = manifests.filter(({ kind }) => /^(Cluster)?Role$/.test(kind))
const rules = roles.flatMap(({ rules = [] }) => rules)

describe('the rights of the operator', () => {
  test('are these and no other', () => {
    expect(
      roles.map(({ kind, metadata, rules = [] }) => [`${kind} ${metadata.name}`, ...rules.flatMap(rightsOf)]),
    ).toEqual([
      [
        'ClusterRole roundsman',
        'inspectiontargets.roundsman.dev: get list watch',
        'alertpolicies.roundsman.dev: get list watch',
        'silences.roundsman.dev: get list watch',
        'inspectiontargets/status.roundsman.dev: patch',
        'alertpolicies/status.roundsman.dev: patch',
        'silences/status.roundsman.dev: patch',
        'silences.roundsman.dev: patch',
        'prometheusrules.monitoring.coreos.com: get list watch create patch delete',
        'servicemonitors.monitoring.coreos.com: get list watch create patch delete',
        'alertmanagerconfigs.monitoring.coreos.com: get list watch create patch delete',
        'prometheuses.monitoring.coreos.com: list watch',
        'alertmanagers.monitoring.coreos.com: list watch',
        'services: list watch',
        'endpointslices.discovery.k8s.io: list watch',
        'events.events.k8s.io: create patch',
      ],
      [
        'ClusterRole roundsman-cluster',
        'customresourcedefinitions.apiextensions.k8s.io: list watch',
        'namespaces [kube-system]: get',
        'namespaces: list watch',
      ],
      [
        'Role roundsman',
        'leases.coordination.k8s.io: create',
        'leases.coordination.k8s.io [roundsman]: get update',
      ],
    ])
  })

  test('hold no wildcard, nothing of Secrets, no workload and no way to more rights', () => {
    const words = rules.flatMap(({ apiGroups, resources, verbs }) => [...apiGroups, ...resources, ...verbs])
    for (const forbidden of [
      '*',
      'secrets',
      'pods',
      'pods/exec',
      'deployments',
      'nodes',
      'escalate',
      'bind',
      'impersonate',
    ]) {
      expect(words).not.toContain(forbidden)
    }
  })

  test('are bound to the one account, whose token is mounted only where it is used', () => {
    const bindings = manifests.filter(({ kind }) => kind.endsWith('RoleBinding'))
    for (const { subjects } of bindings) {
      expect(subjects).toEqual([{ kind: 'ServiceAccount', name: 'roundsman', namespace: 'roundsman-system' }])
    }
    expect(one('ServiceAccount')).toMatchObject({ automountServiceAccountToken: false })
    expect(podSpec()).toMatchObject({ serviceAccountName: 'roundsman', automountServiceAccountToken: true })
  })
})

describe('the pod of the operator', () => {
  test('keeps within the restricted Pod Security standard, on a root it cannot write', () => {
    expect(podSpec().securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    expect(container().securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
  })

  test('has limits, both probes and time to drain', () => {
    expect(container().resources).toMatchObject({ limits: { cpu: '2', memory: '512Mi' } })
    expect(container()).toMatchObject({
      livenessProbe: { httpGet: { path: '/healthz', port: 'http' } },
      readinessProbe: { httpGet: { path: '/readyz', port: 'http' } },
    })
    expect(podSpec().terminationGracePeriodSeconds).toBe(30)
  })

  test('can be reached at its one port alone', () => {
    expect(one('NetworkPolicy').spec).toMatchObject({
      policyTypes: ['Ingress'],
      ingress: [{ ports: [{ port: 'http' }] }],
    })
  })

  test('is not evicted with all its replicas at once', () => {
    expect(one('PodDisruptionBudget').spec).toMatchObject({ maxUnavailable: 1 })
  })
})

test('the kinds are those of crds/, and stay when the installation goes', () => {
  const installed = manifests.filter(({ kind }) => kind === 'CustomResourceDefinition')
  const kept = { annotations: { 'helm.sh/resource-policy': 'keep' } }
  const wanted = readdirSync(join(root, 'crds')).map((file) => {
    const [crd] = loadAll(readFileSync(join(root, 'crds', file), 'utf8')) as Manifest[]
    return { ...crd!, metadata: { ...kept, ...crd!.metadata } }
  })
  expect(installed).toEqual(wanted.sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1)))
})

function rightsOf({ apiGroups, resources, resourceNames, verbs }: Rule): string[] {
  const names = resourceNames === undefined ? '' : ` [${resourceNames.join(' ')}]`
  return apiGroups.flatMap((group) =>
    resources.map((resource) => `${resource}${group === '' ? '' : `.${group}`}${names}: ${verbs.join(' ')}`),
  )
}

function one(kind: string): Manifest {
  const found = manifests.filter((manifest) => manifest.kind === kind)
  if (found.length !== 1) throw new Error(`${found.length} objects of kind ${kind}`)
  return found[0]!
}

type PodSpec = Record<string, unknown> & { containers: Record<string, unknown>[] }

function podSpec(): PodSpec {
  return (one('Deployment').spec as { template: { spec: PodSpec } }).template.spec
}

function container(): Record<string, unknown> {
  return podSpec().containers[0]!
}

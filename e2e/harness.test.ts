// Proves the suite's own tools before anything of Roundsman is tested with them: each of the real programs does its part.

import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiClient, ApiError, type KubeObject, resource } from './cluster/api-client.ts'
import { countByVerbAndResource } from './cluster/audit.ts'
import { openCluster } from './cluster/cluster.ts'
import { ControlPlane } from './cluster/control-plane.ts'
import { eventually } from './cluster/eventually.ts'
import { getJson } from './cluster/http-json.ts'
import { Kubelet } from './cluster/kubelet.ts'
import { alertmanagerPod, monitoringStack, prometheusPod } from './cluster/monitoring.ts'
import { Program } from './cluster/process.ts'
import { bindRole, createServiceAccount, requestToken, userName } from './cluster/service-account.ts'
import { controlPlanePrograms } from './cluster/source.ts'
import { SampleService } from './fixtures/sample-service.ts'

const cluster = openCluster()
const { client, kubectl } = cluster
const monitoring = 'monitoring.coreos.com/v1'

afterAll(() => cluster.close())

describe('the control plane', () => {
  it('is the Kubernetes that Roundsman is made for', async () => {
    const version = await client.get<{ gitVersion: string }>('/version')
    expect(version?.gitVersion).toMatch(/^v1\.3\d\./)
  })

  it('collects what an object owned', async () => {
    const namespace = await cluster.namespace('gc')
    const configMaps = resource('v1', 'configmaps', namespace)
    const owner = await client.create(configMaps, { metadata: { name: 'owner' } })
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata.uid }]
    await client.create(configMaps, { metadata: { name: 'owned', ownerReferences } })

    await client.remove(`${configMaps}/owner`)

    await eventually(
      'the owned object is collected',
      async () => (await client.get(`${configMaps}/owned`)) === undefined,
    )
  })

  it('keeps a ServiceAccount within its rights, and writes down what it did', async () => {
    const namespace = await cluster.namespace('audit')
    const account = { namespace, name: 'writer' }
    await createServiceAccount(client, account)
    await bindRole(client, account, { kind: 'ClusterRole', name: 'edit', namespace })
    const { server, caFile } = cluster.facts
    const writer = new ApiClient({ server, caFile, token: await requestToken(client, account) })

    const configMaps = resource('v1', 'configmaps', namespace)
    await eventually('the binding is in force', () =>
      writer.create(configMaps, { metadata: { name: 'one' } }),
    )
    await writer.patch(`${configMaps}/one`, 'merge', { data: { a: '1' } })
    await writer.remove(`${configMaps}/one`)
    const refused = await writer.list(resource('v1', 'nodes')).catch((error: unknown) => error)
    await writer.close()

    expect(refused).toBeInstanceOf(ApiError)
    expect(refused).toMatchObject({ code: 403, reason: 'Forbidden' })
    const written = cluster.audit.writes({ user: userName(account) })
    expect(countByVerbAndResource(written)).toEqual({
      'create configmaps': 1,
      'patch configmaps': 1,
      'delete configmaps': 1,
    })
  })
})

// An existing cluster is reached over the machine's own network, where this cannot hold.
if (cluster.facts.source.kind !== 'existing') {
  describe('the network of the suite', () => {
    it('reaches nothing but itself', async () => {
      await expect(request('http://192.0.2.1/')).rejects.toMatchObject({ code: 'ENETUNREACH' })
    })
  })

  describe('a control plane of a test of its own', () => {
    it('keeps its objects while its API server is away', async () => {
      const plane = await ControlPlane.start({
        folder: cluster.folder('private-control-plane'),
        programs: controlPlanePrograms(cluster.facts.source),
      })
      const own = new ApiClient(plane)
      const path = resource('v1', 'configmaps', 'default')
      await own.create(path, { metadata: { name: 'kept' } })

      await plane.stopApiServer()
      await expect(own.list(path)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
      await plane.startApiServer()

      expect(await own.get(`${path}/kept`)).toBeDefined()
      await own.close()
      await plane.stop()
    })
  })
}

describe('a program', () => {
  it('that does not become ready is ended, and its log is in the message', async () => {
    const options = {
      name: 'never-ready',
      command: process.execPath,
      args: ['-e', 'console.log("warming up"); setInterval(() => {}, 1000)'],
      folder: cluster.folder('programs'),
      ready: async () => false,
      readyWithinMs: 1_000,
    }
    await expect(Program.start(options)).rejects.toThrow(/never-ready is ready within 1s.*warming up/s)
  })

  it('that ends by itself is told from one that is ready', async () => {
    const options = {
      name: 'ends',
      command: process.execPath,
      args: ['-e', 'process.exit(3)'],
      folder: cluster.folder('programs'),
      ready: async () => false,
    }
    await expect(Program.start(options)).rejects.toThrow(
      'ends ended before it was ready: {"code":3,"signal":null}',
    )
  })
})

describe('the sample service', () => {
  let sample: SampleService
  beforeAll(async () => {
    sample = await SampleService.start(cluster)
  })
  afterAll(() => sample.stop())

  const status = async (path: string, options: Parameters<typeof request>[1] = {}) => {
    const answer = await request(`${sample.url}${path}`, options)
    await answer.body.dump()
    return answer.statusCode
  }

  it('takes an order from who has logged in', async () => {
    const post = { method: 'POST', headers: { 'content-type': 'application/json' } } as const
    const login = await request(`${sample.url}/login`, {
      ...post,
      body: '{"user":"probe","password":"open sesame"}',
    })
    const { token } = (await login.body.json()) as { token: string }
    const headers = { ...post.headers, authorization: `Bearer ${token}` }
    const created = await request(`${sample.url}/orders`, { ...post, headers, body: '{"item":"lamp"}' })
    expect(created.statusCode).toBe(201)
    expect(await created.body.json()).toEqual({ id: '1', item: 'lamp' })
    expect(await status('/orders/1', { headers })).toBe(200)
    expect(await status('/orders/1')).toBe(401)
  })

  it('fails, is slow, falls silent, and recovers, as it is told', async () => {
    await sample.break({ mode: 'fail' })
    expect(await status('/health')).toBe(503)
    await sample.break({ mode: 'slow', delayMs: 200 })
    const started = performance.now()
    expect(await status('/health')).toBe(200)
    expect(performance.now() - started).toBeGreaterThan(190)
    await sample.break({ mode: 'silent' })
    await expect(status('/health', { signal: AbortSignal.timeout(300) })).rejects.toThrow('timeout')
    await sample.break({ mode: 'ok' })
    expect(await status('/health')).toBe(200)
  })

  it('counts its requests by route and code', async () => {
    const answer = await request(`${sample.url}/metrics`)
    const text = await answer.body.text()
    expect(text).toContain('http_requests_total{code="503",method="GET",route="/health"} 1')
    expect(text).toContain('http_request_duration_seconds_bucket{method="GET",route="/health",le="+Inf"}')
  })
})

describe('a monitoring stack of prometheus-operator', () => {
  let namespace: string
  let kubelet: Kubelet
  beforeAll(async () => {
    namespace = await cluster.namespace('monitoring')
    await kubectl.apply(monitoringStack({ namespace }))
    kubelet = new Kubelet(cluster, namespace)
  })
  afterAll(() => kubelet.stop())

  it('runs Prometheus and Alertmanager, and says that they are available', async () => {
    const prometheus = await kubelet.pod(prometheusPod)
    const alertmanager = await kubelet.pod(alertmanagerPod)
    expect(await getJson(`${prometheus.url}/api/v1/status/buildinfo`)).toMatchObject({
      data: { version: '3.13.1' },
    })
    expect(await getJson(`${alertmanager.url}/api/v2/status`)).toMatchObject({
      versionInfo: { version: '0.34.2' },
    })
    const available = ['wait', '-n', namespace, '--for=condition=Available', '--timeout=30s']
    await kubectl.run([...available, 'prometheus/main', 'alertmanager/main'])
  })

  it('loads a rule, fires its alert into Alertmanager, and drops the rule with its object', async () => {
    const prometheus = await kubelet.pod(prometheusPod)
    const alertmanager = await kubelet.pod(alertmanagerPod)
    const rule = await client.create(resource(monitoring, 'prometheusrules', namespace), {
      apiVersion: monitoring,
      kind: 'PrometheusRule',
      metadata: { name: 'always' },
      spec: { groups: [{ name: 'always', rules: [{ alert: 'Always', expr: 'vector(1)' }] }] },
    })

    type Groups = { data: { groups: readonly { name: string; file: string }[] } }
    const groups = async () => (await getJson<Groups>(`${prometheus.url}/api/v1/rules`)).data.groups
    const [group] = await eventually('Prometheus loads the rule', async () => {
      const loaded = await groups()
      return loaded.length > 0 && loaded
    })
    expect(group?.file.endsWith(`/${namespace}-always-${rule.metadata.uid}.yaml`)).toBe(true)

    type Alert = { labels: { alertname: string; namespace: string } }
    await eventually('the alert reaches Alertmanager', async () => {
      const alerts = await getJson<readonly Alert[]>(`${alertmanager.url}/api/v2/alerts`)
      return alerts.some(({ labels }) => labels.alertname === 'Always')
    })

    await client.remove(resource(monitoring, 'prometheusrules', namespace, 'always'))
    await eventually('Prometheus drops the rule', async () => (await groups()).length === 0)
  })

  it('scrapes a service through the ServiceMonitor that selects it', async () => {
    const sample = await SampleService.start(cluster)
    await sample.publish(cluster, namespace)
    await client.create(resource(monitoring, 'servicemonitors', namespace), {
      apiVersion: monitoring,
      kind: 'ServiceMonitor',
      metadata: { name: 'sample' },
      spec: { selector: { matchLabels: { app: 'sample' } }, endpoints: [{ port: 'http' }] },
    })
    const prometheus = await kubelet.pod(prometheusPod)
    type Answer = { data: { result: readonly { value: readonly [number, string] }[] } }
    const query = `${prometheus.url}/api/v1/query?query=${encodeURIComponent('up{service="sample"}')}`
    await eventually('the sample is scraped', async () => {
      return (await getJson<Answer>(query)).data.result[0]?.value[1] === '1'
    })
    await sample.stop()
  })

  it('adds the route of an AlertmanagerConfig to the running Alertmanager', async () => {
    const alertmanager = await kubelet.pod(alertmanagerPod)
    const apiVersion = 'monitoring.coreos.com/v1alpha1'
    await client.create(resource(apiVersion, 'alertmanagerconfigs', namespace), {
      apiVersion,
      kind: 'AlertmanagerConfig',
      metadata: { name: 'team' },
      spec: {
        route: { receiver: 'hook' },
        receivers: [{ name: 'hook', webhookConfigs: [{ url: 'http://127.0.0.1:1/' }] }],
      },
    })
    await eventually('Alertmanager has the receiver', async () => {
      const receivers = await getJson<readonly { name: string }[]>(`${alertmanager.url}/api/v2/receivers`)
      return receivers.some(({ name }) => name === `${namespace}/team/hook`)
    })
  })

  it('brings Alertmanager back with an empty memory when its pod is deleted', async () => {
    const before = await kubelet.pod(alertmanagerPod)
    await client.remove(resource('v1', 'pods', namespace, alertmanagerPod))
    const after = await eventually('a new pod runs', async () => {
      const pod = await kubelet.pod(alertmanagerPod)
      return pod.uid !== before.uid && pod
    })
    expect(await getJson(`${after.url}/api/v2/silences`)).toEqual([])
  })
})

describe('an older Alertmanager', () => {
  it('is chosen by the version in its object', async () => {
    const namespace = await cluster.namespace('older')
    await kubectl.apply(
      monitoringStack({ namespace, alertmanagerVersion: '0.31.1', prometheus: { replicas: 0 } }),
    )
    const kubelet = new Kubelet(cluster, namespace)
    const alertmanager = await kubelet.pod(alertmanagerPod)
    expect(await getJson(`${alertmanager.url}/api/v2/status`)).toMatchObject({
      versionInfo: { version: '0.31.1' },
    })
    await kubelet.stop()
  })
})

describe('kubectl', () => {
  it('applies a manifest, reads it back, and waits for a state', async () => {
    const namespace = await cluster.namespace('kubectl')
    await kubectl.apply(
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, namespace: ${namespace}}\ndata: {a: "1"}\n`,
    )
    const ref = { kind: 'configmap', name: 'one', namespace }
    type ConfigMap = KubeObject & { data?: Record<string, string> }
    const found = await kubectl.waitFor<ConfigMap>(
      ref,
      'the ConfigMap has its key',
      ({ data }) => data?.a === '1',
    )
    expect(found.metadata.namespace).toBe(namespace)
    expect(await kubectl.getJson({ ...ref, name: 'two' })).toBeUndefined()
  })
})

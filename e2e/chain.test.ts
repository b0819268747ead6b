// One walk along the whole chain, with nothing in it that is not the real program: manifests, operator, prometheus-operator, Prometheus,
// Alertmanager, and at its end a webhook and a mailbox.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MailSink } from '../test/fakes/mail-sink.ts'
import { type WebhookMessage, WebhookSink } from '../test/fakes/webhook-sink.ts'
import {
  type Alert,
  alerts,
  liveSilences,
  postForeignSilence,
  receivers,
  silences,
} from './alertmanager-api.ts'
import { resource } from './cluster/api-client.ts'
import { openCluster } from './cluster/cluster.ts'
import { eventually } from './cluster/eventually.ts'
import { getJson } from './cluster/http-json.ts'
import { Kubelet } from './cluster/kubelet.ts'
import { alertmanagerPod, monitoringStack, prometheusPod } from './cluster/monitoring.ts'
import type { MonitoringPod } from './cluster/monitoring-pod.ts'
import { ownAddress } from './cluster/network.ts'
import { schedulerName } from './cluster/pod.ts'
import { type OwnObject, ownResource, untilCondition } from './conditions.ts'
import { figure, timed } from './figure.ts'
import { SampleService } from './fixtures/sample-service.ts'
import { Installation } from './operator.ts'

const cluster = openCluster()
const { client, kubectl } = cluster
const mailbox = 'ops@example.com'

let installation: Installation
let webhook: WebhookSink
let mail: MailSink

beforeAll(async () => {
  webhook = await WebhookSink.start({ token: 'open-sesame', host: ownAddress })
  mail = await MailSink.start({ to: mailbox, host: ownAddress })
  installation = await Installation.install(cluster, { serviceMonitor: { enabled: true, interval: '1s' } })
  await installation.startPod()
})

afterAll(async () => {
  await installation.uninstall()
  await webhook.stop()
  await mail.stop()
  await cluster.close()
})

test('a broken service is told, silenced, told as mended, and leaves nothing behind', {
  timeout: 300_000,
}, async () => {
  const walk = await setOut()
  await isFoundHealthy(walk)
  await isFoundBroken(walk)
  await isToldByGeneratedRoute(walk)
  const silenceIDs = await isSilenced(walk)
  await keepsSilentThroughACrash(walk, silenceIDs)
  await isToldAsMended(walk)
  await policyTakesItsObjectsAlong(walk)
  await namespaceLeavesNothing(walk)
  await walk.end()
})

type Walk = {
  readonly shop: string
  readonly sample: SampleService
  readonly prometheus: MonitoringPod
  /** The newest and the older contract at once: both get every alert, every route and every silence. */
  readonly alertmanagers: readonly MonitoringPod[]
  readonly target: string
  readonly policy: string
  readonly silence: string
  end(): Promise<void>
}

async function setOut(): Promise<Walk> {
  const shop = await cluster.namespace('shop')
  const monitoring = await cluster.namespace('monitoring')
  const sample = await SampleService.start(cluster)
  await sample.publish(cluster, shop)
  await kubectl.apply([
    ...monitoringStack({
      namespace: monitoring,
      prometheus: {
        ruleNamespaceSelector: {},
        serviceMonitorNamespaceSelector: {},
        rules: { alert: { resendDelay: '1s' } }, // Else an Alertmanager that lost its alerts gets them again after a minute.
      },
      alertmanager: alertmanagerOf('main'),
    }),
    olderAlertmanager(monitoring),
  ])
  const kubelet = new Kubelet(cluster, monitoring)
  const { value: pods } = await timed('monitoring stack up', () =>
    Promise.all([prometheusPod, alertmanagerPod, 'alertmanager-older-0'].map((name) => kubelet.pod(name))),
  )
  const [prometheus, ...alertmanagers] = pods as [MonitoringPod, ...MonitoringPod[]]
  return {
    shop,
    sample,
    prometheus,
    alertmanagers,
    target: ownResource('inspectiontargets', shop, 'checkout'),
    policy: ownResource('alertpolicies', shop, 'checkout'),
    silence: ownResource('silences', shop, 'migration'),
    async end() {
      await kubelet.stop()
      await sample.stop()
    },
  }
}

async function isFoundHealthy({ shop, target, policy }: Walk): Promise<void> {
  await kubectl.apply(manifests(shop))
  await timed('target Healthy after its manifest', () =>
    untilCondition(client, target, { type: 'Healthy', status: 'True' }),
  )
  await timed('policy Ready', () => untilCondition(client, policy, { type: 'Ready', status: 'True' }))
}

async function isFoundBroken({ sample, target }: Walk): Promise<void> {
  await sample.break({ mode: 'fail' })
  const { value: broken } = await timed('Healthy=False after the service broke', () =>
    untilCondition(client, target, { type: 'Healthy', status: 'False' }),
  )
  expect(broken.reason).toBe('HttpStatus')
  expect(broken.message).toMatch(/^expected 2xx, got 503 from 198\.51\.100\.\d+/)
}

async function isToldByGeneratedRoute({ shop, prometheus, alertmanagers }: Walk): Promise<void> {
  await timed('rules loaded and evaluated by Prometheus', () =>
    eventually('both rules are', async () => {
      expect(await loadedRules(prometheus.url, shop)).toEqual(['TargetDown ok', 'TargetSlow ok'])
      return true
    }),
  )
  const routes = [`${shop}/roundsman-checkout/hook`, `${shop}/roundsman-checkout/mail`]
  const routed = ({ name, url }: MonitoringPod) =>
    eventually(`the alert is routed by ${name}`, async () => {
      const found = await alertOf(url, shop)
      expect(found?.receivers.map((receiver) => receiver.name).toSorted()).toEqual(routes)
      return found
    })
  const { value: found } = await timed('alert in Alertmanager by the generated route', () =>
    Promise.all(alertmanagers.map(routed)),
  )
  for (const alert of found) {
    expect(alert.labels).toMatchObject({
      alertname: 'TargetDown',
      severity: 'critical',
      namespace: shop,
      target: 'checkout',
      roundsman_policy: `${shop}/checkout`,
      roundsman_rule: 'down',
      roundsman_rule_kind: 'down',
    })
    expect(alert.annotations).toMatchObject({ reason: 'HttpStatus' })
  }
  await timed('webhook and mail received from both', () =>
    eventually('both are told', () => {
      return alertmanagers.every((pod) => toldBy(pod, 'firing').length > 0) && mailed('FIRING').length > 1
    }),
  )
  expect(webhook.messages[0]?.alerts[0]?.labels).toEqual(found[0]?.labels)
  expect(mail.mails[0]).toMatchObject({ from: 'roundsman@example.com', to: [mailbox] })
}

/** Returns the ids that the status names, in the order of the Alertmanagers. */
async function isSilenced({ shop, alertmanagers, silence }: Walk): Promise<readonly string[]> {
  await kubectl.apply([silenceManifest(shop)])
  const { value: active } = await timed('Silence in force', () =>
    untilCondition(client, silence, { type: 'Active', status: 'True' }),
  )
  const ids = silenceIDsOf(active.object)
  for (const [index, { name, url }] of alertmanagers.entries()) {
    await eventually(`${name} suppresses the alert by the silence of the status`, async () => {
      const found = await alertOf(url, shop)
      expect(found?.status).toMatchObject({ state: 'suppressed', silencedBy: [ids[index]] })
      return true
    })
  }
  return ids
}

async function keepsSilentThroughACrash(walk: Walk, lostIDs: readonly string[]): Promise<void> {
  const { shop, alertmanagers, silence } = walk
  const toldBefore = alertmanagers.map((pod) => toldBy(pod, 'firing').length)
  await Promise.all(alertmanagers.map(({ program }) => program.kill()))
  const { value: ids } = await timed(
    'silences restored after kill -9 of both Alertmanagers',
    () => Promise.all(alertmanagers.map(restoredSilence)),
    'at most 60s',
  )
  expect(ids.filter((id) => lostIDs.includes(id))).toEqual([])
  const foreign = await Promise.all(alertmanagers.map(({ url }) => postForeignSilence(url)))
  await eventually('the status names the new silences', async () => {
    expect(silenceIDsOf(await client.get<OwnObject>(silence))).toEqual(ids)
    return true
  })
  await timed('Silence deleted, its finalizer released', () =>
    kubectl.run(['delete', 'silence', '-n', shop, 'migration', '--timeout=30s']),
  )
  for (const [index, { url }] of alertmanagers.entries()) {
    const left = new Map((await silences(url)).map(({ id, status }) => [id, status.state]))
    expect(left.get(ids[index] ?? '')).toBe('expired')
    expect(left.get(foreign[index] ?? '')).toBe('active')
  }
  // Else the recovery would not be told: what they had told was lost with the rest.
  await timed('the restarted Alertmanagers tell that it fires', () =>
    eventually('both have told it', () => {
      return alertmanagers.every((pod, index) => toldBy(pod, 'firing').length > (toldBefore[index] ?? 0))
    }),
  )
}

function restoredSilence({ name, url }: MonitoringPod): Promise<string> {
  return eventually(
    `${name} has the silence again, once`,
    async () => {
      const ours = (await liveSilences(url)).filter(({ createdBy }) => createdBy === 'roundsman')
      expect(ours).toHaveLength(1)
      return ours[0]?.id
    },
    { withinMs: 60_000 },
  )
}

async function isToldAsMended({ sample, target, alertmanagers }: Walk): Promise<void> {
  await sample.break({ mode: 'ok' })
  await timed('Healthy=True after the service was mended', () =>
    untilCondition(client, target, { type: 'Healthy', status: 'True' }, { withinMs: 90_000 }),
  )
  await timed('recovery told by webhook and mail', () =>
    eventually('both are told', () => {
      return alertmanagers.every((pod) => toldBy(pod, 'resolved').length > 0) && mailed('RESOLVED').length > 1
    }),
  )
}

async function policyTakesItsObjectsAlong({ shop, prometheus, alertmanagers }: Walk): Promise<void> {
  expect(await generatedObjects(shop)).toEqual([
    'alertmanagerconfigs/roundsman-checkout',
    'prometheusrules/roundsman-checkout',
    'servicemonitors/roundsman-checkout',
  ])
  await kubectl.run(['delete', 'alertpolicy', '-n', shop, 'checkout'])
  await timed('generated objects gone with their policy', () =>
    eventually('none is left', async () => (await generatedObjects(shop)).length === 0),
  )
  await timed('rules and receivers dropped by Prometheus and Alertmanager', () =>
    eventually('they are gone', async () => {
      const names = (await Promise.all(alertmanagers.map(({ url }) => receivers(url)))).flat()
      expect(names.filter((name) => name.startsWith(`${shop}/`))).toEqual([])
      return (await loadedRules(prometheus.url, shop)).length === 0
    }),
  )
}

async function namespaceLeavesNothing({ shop, alertmanagers, policy, silence }: Walk): Promise<void> {
  await kubectl.apply([...manifests(shop), silenceManifest(shop)])
  await untilCondition(client, policy, { type: 'Ready', status: 'True' })
  await untilCondition(client, silence, { type: 'Active', status: 'True' })
  // No kubelet is there to say that the sample's pod has ended.
  await client.remove(resource('v1', 'pods', shop), { gracePeriodSeconds: 0 })
  await timed(
    'namespace gone',
    () => kubectl.run(['delete', 'namespace', shop, '--timeout=60s'], { withinMs: 90_000 }),
    'at most 60s',
  )
  for (const { url } of alertmanagers) {
    expect((await liveSilences(url)).map(({ createdBy }) => createdBy)).toEqual(['somebody'])
  }
  await eventually('no series speaks of the namespace', async () => {
    const series = await installation.pods[0]?.samples('/metrics/targets', 'roundsman_target_verdict')
    return [...(series?.keys() ?? [])].every((labels) => !labels.includes(`namespace="${shop}"`))
  })
  expect(webhook.refused).toEqual([])
  figure('webhook messages', `${webhook.messages.length} taken, ${webhook.refused.length} refused`)
}

/** Messages that this Alertmanager has sent. */
function toldBy({ name }: MonitoringPod, status: 'firing' | 'resolved'): readonly WebhookMessage[] {
  return webhook.messages.filter((message) => {
    return message.status === status && message.externalURL.startsWith(`http://${name.replace(/-0$/, '')}.`)
  })
}

/** The subjects that say so. */
function mailed(status: 'FIRING' | 'RESOLVED'): readonly string[] {
  return mail.mails
    .map(({ source }) => /^Subject: (.*)$/m.exec(source)?.[1] ?? '')
    .filter((subject) => subject.includes(status))
}

/** Takes routes from every namespace, and says in its messages which of the two it is. */
function alertmanagerOf(name: string): Readonly<Record<string, unknown>> {
  return { externalUrl: `http://alertmanager-${name}.example/`, alertmanagerConfigNamespaceSelector: {} }
}

function olderAlertmanager(namespace: string): object {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'Alertmanager',
    metadata: { name: 'older', namespace },
    spec: {
      version: 'v0.31.1',
      schedulerName,
      replicas: 1,
      alertmanagerConfigSelector: {},
      ...alertmanagerOf('older'),
    },
  }
}

function manifests(namespace: string): readonly object[] {
  const of = (kind: string, spec: object) => ({
    apiVersion: 'roundsman.dev/v1alpha1',
    kind,
    metadata: { name: 'checkout', namespace },
    spec,
  })
  const fromSecret = (key: string) => ({ secretKeyRef: { name: 'hook', key } })
  return [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'hook', namespace },
      stringData: { url: webhook.url, token: webhook.token },
    },
    of('InspectionTarget', {
      interval: '1s',
      failureThreshold: 2,
      http: { service: { name: 'sample', port: 'http' }, path: '/health' },
      metrics: { service: { name: 'sample', port: 'http' } },
    }),
    of('AlertPolicy', {
      targets: { names: ['checkout'] },
      rules: [
        { name: 'down', severity: 'critical', down: {} },
        { name: 'slow', severity: 'warning', latency: { quantile: '0.95', above: '5s', window: '10s' } },
      ],
      receivers: [
        { name: 'hook', webhook: { urlFrom: fromSecret('url'), bearerFrom: fromSecret('token') } },
        {
          name: 'mail',
          email: {
            to: [mailbox],
            from: 'roundsman@example.com',
            smarthost: mail.smarthost,
            requireTLS: false,
          },
        },
      ],
      defaultReceiver: 'hook',
      routes: [{ severities: ['critical'], receivers: ['hook', 'mail'] }],
      grouping: { wait: '1s', interval: '2s', repeat: '1m' },
    }),
  ]
}

function silenceManifest(namespace: string): object {
  return {
    apiVersion: 'roundsman.dev/v1alpha1',
    kind: 'Silence',
    metadata: { name: 'migration', namespace },
    spec: { targets: { names: ['checkout'] }, duration: '1h', comment: 'database migration' },
  }
}

/** The one alert of the namespace; none, or several, is undefined. */
async function alertOf(url: string, namespace: string): Promise<Alert | undefined> {
  const found = (await alerts(url)).filter(({ labels }) => labels.namespace === namespace)
  return found.length === 1 ? found[0] : undefined
}

/** `<alert> <health>` of every rule that Prometheus has of this namespace's generated object. */
async function loadedRules(url: string, namespace: string): Promise<readonly string[]> {
  type Rule = { readonly name: string; readonly health: string }
  type Groups = { data: { groups: readonly { name: string; file: string; rules: readonly Rule[] }[] } }
  const { groups } = (await getJson<Groups>(`${url}/api/v1/rules`)).data
  return groups
    .filter(({ file }) => file.includes(`/${namespace}-roundsman-checkout-`))
    .flatMap(({ rules }) => rules.map(({ name, health }) => `${name} ${health}`))
    .toSorted()
}

async function generatedObjects(namespace: string): Promise<readonly string[]> {
  const kinds = [
    ['monitoring.coreos.com/v1alpha1', 'alertmanagerconfigs'],
    ['monitoring.coreos.com/v1', 'prometheusrules'],
    ['monitoring.coreos.com/v1', 'servicemonitors'],
  ] as const
  const lists = await Promise.all(
    kinds.map(async ([apiVersion, plural]) => {
      const objects = await client.list(resource(apiVersion, plural, namespace))
      return objects.map(({ metadata }) => `${plural}/${metadata.name}`)
    }),
  )
  return lists.flat()
}

function silenceIDsOf(silence: OwnObject | undefined): readonly string[] {
  const found = silence?.status?.alertmanagers as readonly { readonly silenceID: string }[] | undefined
  return found?.map(({ silenceID }) => silenceID) ?? []
}

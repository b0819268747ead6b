// What goes wrong around Roundsman, on a control plane of its own: each fault is told in words, touches nothing else, and passes without a
// restart once its cause is gone. The tests stand in the order of one story: the cluster gains what it lacks at first.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type KubeObject, resource } from './cluster/api-client.ts'
import { openCluster } from './cluster/cluster.ts'
import { eventually } from './cluster/eventually.ts'
import { PrivateCluster } from './cluster/private-cluster.ts'
import { Program } from './cluster/process.ts'
import { installPrometheusOperatorCrds } from './cluster/prometheus-operator.ts'
import { conditionOf, type OwnObject, ownResource, untilCondition } from './conditions.ts'
import { figure, timed } from './figure.ts'
import { TcpListener } from './fixtures/tcp-listener.ts'
import { crdFolder, Installation, type OperatorPod } from './operator.ts'

const roundsman = 'roundsman.dev/v1alpha1'
const monitoring = 'monitoring.coreos.com/v1'
const down = { name: 'down', severity: 'critical', down: {} }

const shared = openCluster()
const own = await PrivateCluster.start(shared.facts, 'faults')
const { cluster } = own
const { client, kubectl } = cluster
const alertmanagerAddress = cluster.address()
const listener = await TcpListener.start()

let shop: string
let installation: Installation
let operator: OperatorPod

beforeAll(async () => {
  shop = await cluster.namespace('shop')
  await installLaxCrds()
  for (const [plural, kind, spec] of admittedByOlderCrd) {
    await client.create(ownResource(plural, shop), ownObject(kind, 'admitted', spec))
  }
  installation = await Installation.install(cluster, {
    replicaCount: 2,
    config: { alertmanagers: [{ name: 'monitoring/main', urls: [`http://${alertmanagerAddress}:9093`] }] },
  })
  operator = await installation.startPod()
})

afterAll(async () => {
  await Promise.all(installation.pods.map(({ program }) => program.stop()))
  await listener.close()
  await own.stop()
  await shared.close()
})

const refused = [
  [
    'InspectionTarget',
    { interval: '5s', timeout: '30s', tcp: { host: 'db', port: 5432 } },
    'timeout must not be longer than interval',
  ],
  [
    'InspectionTarget',
    { http: { url: 'https://shop.example/' }, tcp: { host: 'db', port: 5432 } },
    'exactly one of http and tcp',
  ],
  [
    'AlertPolicy',
    { targets: { names: ['good'] }, rules: [down], routes: [{ receivers: ['nobody'] }] },
    "no receiver is called 'nobody'; add it to receivers or change the route",
  ],
  [
    'Silence',
    { matchers: [{ name: 'namespace', value: 'other' }], duration: '1h', comment: 'mine' },
    'a silence mutes only alerts of its own namespace',
  ],
] as const

const admittedByOlderCrd = [
  [
    'inspectiontargets',
    'InspectionTarget',
    { http: { url: 'https://shop.example/' }, tcp: { host: 'db', port: 5432 } },
    'exactly one of http and tcp',
  ],
  [
    'alertpolicies',
    'AlertPolicy',
    { targets: { names: ['good'] }, rules: [down], routes: [{ receivers: ['nobody'] }] },
    "no receiver is called 'nobody'",
  ],
  [
    'silences',
    'Silence',
    { matchers: [{ name: 'alertname', value: '.*', matchType: '=~' }], duration: '1h', comment: 'mine' },
    'at least one matcher with = or =~ must match neither the empty text nor everything',
  ],
] as const

describe('an object that breaks a rule', () => {
  it.each(refused)('is refused by the API server with a sentence: %s %o', async (kind, spec, sentence) => {
    const manifest = { ...ownObject(kind, 'refused', spec), metadata: { name: 'refused', namespace: shop } }
    await expect(kubectl.apply([manifest])).rejects.toThrow(sentence)
  })

  it.each(admittedByOlderCrd)(
    'is explained where an older CRD has let it through: %s',
    async (plural, _kind, _spec, sentence) => {
      const path = ownResource(plural, shop, 'admitted')
      const { reason, message } = await untilCondition(client, path, { type: 'Stalled', status: 'True' })
      expect(reason).toBe('InvalidSpec')
      expect(message).toContain(sentence)
      expect(conditionOf(await client.get(path), 'Ready')).toMatchObject({ status: 'False', reason, message })
      figure(`${plural}/admitted`, message)
    },
  )

  it('hinders no other', async () => {
    const path = ownResource('inspectiontargets', shop, 'good')
    await client.create(ownResource('inspectiontargets', shop), target('good'))
    await untilCondition(client, path, { type: 'Ready', status: 'True' })
    await untilCondition(client, path, { type: 'Healthy', status: 'True' })
  })
})

describe("without prometheus-operator's kinds", () => {
  it('a policy says which kind is lacking, and takes effect when it comes, without a restart', async () => {
    const path = ownResource('alertpolicies', shop, 'good')
    await client.create(ownResource('alertpolicies', shop), policy('good'))
    const lacking = await untilCondition(client, path, {
      type: 'Ready',
      status: 'False',
      reason: 'KindNotServed',
    })
    expect(lacking.message).toContain('this cluster serves no PrometheusRule; install prometheus-operator')

    await installPrometheusOperatorCrds(kubectl, cluster.program('prometheus-operator-crds'))
    await timed('rules written after their kind came', () =>
      eventually('the PrometheusRule is there', () => client.get(ruleOf('good'))),
    )
    const waiting = await untilCondition(client, path, {
      type: 'Ready',
      status: 'False',
      reason: 'NoPrometheus',
    })
    expect(waiting.message).toContain('no Prometheus resource is known')

    await client.create(resource(monitoring, 'prometheuses', shop), {
      apiVersion: monitoring,
      kind: 'Prometheus',
      metadata: { name: 'main' },
      spec: { ruleSelector: {} },
    })
    await untilCondition(client, path, { type: 'Ready', status: 'True' })
    expect(operator.program.hasEnded).toBe(false)
  })
})

describe('a right that is missing', () => {
  it('is named in the condition and in the log', async () => {
    await permitOnGenerated(['get', 'list', 'watch', 'patch', 'delete'])
    await client.create(ownResource('alertpolicies', shop), policy('unwritable'))
    const told = await untilCondition(client, ownResource('alertpolicies', shop, 'unwritable'), {
      type: 'Ready',
      status: 'False',
      reason: 'Forbidden',
    })
    expect(told.message).toContain('not permitted to create prometheusrules')
    expect(operator.program.log()).toContain('not permitted to create prometheusrules')
    figure('missing right', told.message)
    await permitOnGenerated(['get', 'list', 'watch', 'create', 'patch', 'delete'])
  })
})

describe('what a policy generates', () => {
  it('comes back within 30s after a hand edit, and keeps what others added', async () => {
    const before = await client.get<OwnObject>(ruleOf('good'))
    await client.patch(ruleOf('good'), 'merge', {
      metadata: { annotations: { 'example.com/note': 'mine' } },
      spec: { groups: [] },
    })
    await timed(
      'hand edit undone',
      () =>
        eventually('the spec is back', async () => {
          expect((await client.get<OwnObject>(ruleOf('good')))?.spec).toEqual(before?.spec)
          return true
        }),
      'at most 30s',
    )
    const { annotations } = (await client.get(ruleOf('good')))?.metadata ?? {}
    expect(annotations).toMatchObject({ 'example.com/note': 'mine' })
  })

  it('is not written over an object of somebody else, and the policy says so', async () => {
    const foreign = await client.create(resource(monitoring, 'prometheusrules', shop), {
      apiVersion: monitoring,
      kind: 'PrometheusRule',
      metadata: { name: 'roundsman-taken' },
      spec: { groups: [{ name: 'mine', rules: [{ alert: 'Mine', expr: 'vector(1)' }] }] },
    })
    const path = ownResource('alertpolicies', shop, 'taken')
    await client.create(ownResource('alertpolicies', shop), policy('taken'))
    const stalled = await untilCondition(client, path, {
      type: 'Stalled',
      status: 'True',
      reason: 'NameTaken',
    })
    expect(stalled.message).toContain('PrometheusRule roundsman-taken exists and is not ours')
    await client.remove(path)
    await eventually('the policy is gone', async () => (await client.get(path)) === undefined)
    expect(await client.get(ruleOf('taken'))).toEqual(foreign)
  })

  it('goes with its policy and comes with the next of that name', async () => {
    const path = ownResource('alertpolicies', shop, 'good')
    const before = await client.get(ruleOf('good'))
    await client.remove(path)
    const { metadata } = await client.create(ownResource('alertpolicies', shop), policy('good'))
    await timed('objects of a recreated policy in place', () =>
      eventually('the rules belong to the new policy', async () => {
        const after = await client.get(ruleOf('good'))
        expect(after?.metadata.uid).not.toBe(before?.metadata.uid)
        expect(after?.metadata.ownerReferences).toMatchObject([{ name: 'good', uid: metadata.uid }])
        return true
      }),
    )
    await untilCondition(client, path, { type: 'Ready', status: 'True' })
  })
})

describe('a namespace that no Prometheus looks into', () => {
  it('is named together with the selector, until it is selected', async () => {
    const lonely = await cluster.namespace('lonely')
    const path = ownResource('alertpolicies', lonely, 'good')
    await client.create(ownResource('inspectiontargets', lonely), target('good'))
    await client.create(ownResource('alertpolicies', lonely), policy('good'))
    const told = await untilCondition(client, path, {
      type: 'Stalled',
      status: 'True',
      reason: 'NamespaceNotSelected',
    })
    expect(told.message).toContain(
      `Prometheus ${shop}/main looks only into its own namespace: its ruleNamespaceSelector is null`,
    )

    const prometheus = resource(monitoring, 'prometheuses', shop, 'main')
    await client.patch(prometheus, 'merge', { spec: { ruleNamespaceSelector: {} } })
    await untilCondition(client, path, { type: 'Ready', status: 'True' })
    expect(conditionOf(await client.get(path), 'Stalled')).toBeUndefined()
  })
})

describe('an Alertmanager that does not answer', () => {
  it('is told with the time since when, and is caught up with when it answers', async () => {
    const path = ownResource('silences', shop, 'night')
    await client.create(
      ownResource('silences', shop),
      ownObject('Silence', 'night', { targets: { names: ['good'] }, duration: '1h', comment: 'night work' }),
    )
    const told = await untilCondition(client, path, {
      type: 'Ready',
      status: 'Unknown',
      reason: 'AlertmanagerUnreachable',
    })
    expect(told.message).toMatch(/^Alertmanager monitoring\/main: .*, since 20[-\dT:]{17}Z; it is caught up/)

    const alertmanager = await startAlertmanager()
    const inForce = () =>
      untilCondition(client, path, { type: 'Active', status: 'True' }, { withinMs: 35_000 })
    const caughtUp = await timed('silence in force after its Alertmanager came', inForce, 'at most 30s')
    expect(caughtUp.seconds).toBeLessThan(30)
    await client.remove(path)
    await eventually('the Silence and its finalizer are gone', async () => {
      return (await client.get(path)) === undefined
    })
    await alertmanager.stop()
  })
})

describe('a right that was missing', () => {
  it('is used once it is given', async () => {
    const path = ownResource('alertpolicies', shop, 'unwritable')
    await timed(
      'policy Ready after the right was given',
      () => untilCondition(client, path, { type: 'Ready', status: 'True' }, { withinMs: 90_000 }),
      'at most 60s, less what the tests between took',
    )
  })
})

describe('the end of an operator', () => {
  it('is orderly after SIGTERM: the lease is released, and the process ends well', async () => {
    const { code, seconds } = await operator.terminate()
    figure('SIGTERM to exit', `${seconds.toFixed(2)}s`, 'at most 10s')
    expect(seconds).toBeLessThan(10)
    expect(code).toBe(0)
    expect((await installation.lease())?.holderIdentity ?? '').toBe('')
  })

  it('is made up for by the other replica', async () => {
    await operator.restart()
    await leads(operator)
    const standby = await installation.startPod()
    const ended = operator.terminate()
    const afterTerm = await timed('takeover after SIGTERM', () => leads(standby), 'at most 2s')
    expect(afterTerm.seconds).toBeLessThan(2)
    await ended

    await operator.restart()
    await standby.program.kill()
    const afterKill = await timed('takeover after kill -9', () => leads(operator), 'at most 12s')
    expect(afterKill.seconds).toBeLessThan(12)

    await client.create(ownResource('inspectiontargets', shop), target('after'))
    const path = ownResource('inspectiontargets', shop, 'after')
    await untilCondition(client, path, { type: 'Healthy', status: 'True' })
  })
})

function ownObject(kind: string, name: string, spec: object): KubeObject {
  return { apiVersion: roundsman, kind, metadata: { name }, spec } as KubeObject
}

function target(name: string): KubeObject {
  const { host, port } = listener
  return ownObject('InspectionTarget', name, { interval: '1s', failureThreshold: 1, tcp: { host, port } })
}

function policy(name: string): KubeObject {
  return ownObject('AlertPolicy', name, { targets: { names: ['good'] }, rules: [down] })
}

function ruleOf(policy: string): string {
  return resource(monitoring, 'prometheusrules', shop, `roundsman-${policy}`)
}

/** The lease names the replica that holds it by its pod's UID. */
function leads({ uid }: OperatorPod): Promise<true> {
  return eventually(
    'the replica holds the lease',
    async () => (await installation.lease())?.holderIdentity?.includes(uid) === true,
    { everyMs: 25 },
  )
}

/** CRDs as an older release had them: the same fields, none of the rules. */
async function installLaxCrds(): Promise<void> {
  const files = readdirSync(crdFolder).map((file) => load(readFileSync(join(crdFolder, file), 'utf8')))
  await kubectl.apply(files.map((crd) => withoutRules(crd) as object))
  await kubectl.run(['wait', '--for=condition=Established', '--timeout=30s', '-f', crdFolder])
}

function withoutRules(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(withoutRules)
  if (typeof part !== 'object' || part === null) return part
  const kept = Object.entries(part).filter(([key]) => key !== 'x-kubernetes-validations')
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutRules(value)]))
}

/** What the operator's ClusterRole lets it do with the objects that policies generate. */
async function permitOnGenerated(verbs: readonly string[]): Promise<void> {
  type ClusterRole = KubeObject & { readonly rules: readonly { readonly resources: readonly string[] }[] }
  const path = resource('rbac.authorization.k8s.io/v1', 'clusterroles', undefined, installation.release)
  const role = await client.get<ClusterRole>(path)
  const rules = role?.rules.map((rule) => {
    return rule.resources.includes('prometheusrules') ? { ...rule, verbs } : rule
  })
  await client.patch(path, 'merge', { rules })
}

async function startAlertmanager(): Promise<Program> {
  const folder = cluster.folder('alertmanager')
  await mkdir(folder, { recursive: true })
  writeFileSync(join(folder, 'config.yaml'), 'route: {receiver: nobody}\nreceivers: [{name: nobody}]\n')
  return Program.start({
    name: 'alertmanager',
    command: cluster.program('alertmanager'),
    args: [
      '--config.file=config.yaml',
      '--storage.path=data',
      '--cluster.listen-address=',
      `--web.listen-address=${alertmanagerAddress}:9093`,
    ],
    folder,
    ready: async () => {
      const answer = await request(`http://${alertmanagerAddress}:9093/-/ready`)
      await answer.body.dump()
      return answer.statusCode === 200
    },
  })
}

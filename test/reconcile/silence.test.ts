import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../../src/domain/kube-object.ts'
import type { RemoteSilence, SilencePost } from '../../src/domain/remote-silence.ts'
import type { Plan } from '../../src/reconcile/plan.ts'
import type { AlertmanagerView, Installation } from '../../src/reconcile/ports.ts'
import { silence } from '../../src/reconcile/silence.ts'

const start = Date.UTC(2026, 0, 1, 12)
const installation: Installation = {
  clusterId: 'c1',
  delivery: 'Prometheus',
  clusterDomain: 'cluster.local',
  standalone: false,
}
const spec = {
  matchers: [{ name: 'alertname', value: 'TargetDown' }],
  duration: '2h',
  comment: 'migration',
  author: 'li.na',
}

function silenceObject(
  changes: Partial<KubeObject['metadata']> = {},
  changedSpec: unknown = spec,
): KubeObject {
  return {
    apiVersion: 'roundsman.dev/v1alpha1',
    kind: 'Silence',
    metadata: {
      name: 'quiet',
      namespace: 'shop',
      uid: 'u1',
      generation: 1,
      creationTimestamp: new Date(start).toISOString(),
      finalizers: ['roundsman.dev/silences'],
      ...changes,
    },
    spec: changedSpec,
  }
}

type Setting = {
  readonly object?: KubeObject
  readonly alertmanagers?: readonly AlertmanagerView[]
  readonly refusal?: { readonly message: string; readonly permanent: boolean }
  readonly now?: number
  readonly installed?: Partial<Installation>
}

function decide({
  object = silenceObject(),
  alertmanagers = [answering()],
  refusal,
  now = start,
  installed = {},
}: Setting): Plan {
  const world = silence.observe(
    { kind: 'Silence', namespace: 'shop', name: 'quiet' },
    {
      objects: {
        get: () => object,
        list: () => [],
        ownedBy: () => [],
        availability: () => ({ state: 'synced' }),
      },
      probes: { report: () => undefined },
      alertmanagers: { alertmanagers: () => alertmanagers, refusal: () => refusal },
      carriedOut: { trouble: () => undefined },
      installation: { ...installation, ...installed },
    },
  )
  if (world === undefined) throw new Error('the silence is gone')
  return silence.decide(world, now)
}

function answering(silences: readonly RemoteSilence[] = []): AlertmanagerView {
  return { name: 'monitoring/main', version: '0.34.2', silences, observedAt: start }
}

const away: AlertmanagerView = {
  name: 'monitoring/main',
  problem: {
    since: start - 60_000,
    reason: 'AlertmanagerUnreachable',
    message: 'connection refused by 10.0.0.9:9093',
  },
}

/** What Alertmanager would list after taking the post. */
function kept(
  post: SilencePost,
  state: RemoteSilence['state'] = 'active',
  endsAt = Date.parse(post.endsAt),
): RemoteSilence {
  return {
    id: 'id-1',
    state,
    matchers: post.matchers,
    startsAt: Date.parse(post.startsAt),
    startsAtText: post.startsAt,
    endsAt,
    createdBy: post.createdBy,
    comment: post.comment,
    annotations: post.annotations ?? {},
  }
}

function posted(plan: Plan): SilencePost {
  const [action] = plan.outside
  if (action?.kind !== 'post-silence') throw new Error('nothing was posted')
  return action.silence
}

function conditionOf(plan: Plan, type: string): Record<string, unknown> | undefined {
  const conditions = plan.status[0]?.status.conditions as Record<string, unknown>[] | undefined
  return conditions?.find((condition) => condition.type === type)
}

describe('a Silence', () => {
  test('takes its finalizer before anything is written outside', () => {
    const plan = decide({ object: silenceObject({ finalizers: [] }) })
    expect(plan.finalizer).toBe('add')
    expect(plan.outside).toHaveLength(1)
  })

  test('mutes its own namespace alone and says whose it is', () => {
    const post = posted(decide({}))
    expect(post.matchers).toContainEqual({ name: 'namespace', value: 'shop', isRegex: false, isEqual: true })
    expect(post.comment).toContain('migration (li.na), Silence shop/quiet')
    expect(post.endsAt).toBe('2026-01-01T14:00:00.000Z')
  })

  test('does nothing more once it is in force, and says until when', () => {
    const plan = decide({ alertmanagers: [answering([kept(posted(decide({})))])] })
    expect(plan.outside).toEqual([])
    expect(conditionOf(plan, 'Active')).toMatchObject({
      status: 'True',
      message: 'mutes until 2026-01-01T14:00:00Z',
    })
    expect(plan.status[0]?.status.alertmanagers).toEqual([
      { name: 'monitoring/main', silenceID: 'id-1', state: 'active', problem: '' },
    ])
  })

  test('is made again when Alertmanager forgot it', () => {
    expect(decide({ alertmanagers: [answering([])] }).outside).toHaveLength(1)
  })

  test('stays ended when a person ended it, until its spec changes', () => {
    const before = kept(posted(decide({})), 'expired', start + 60_000)
    const respected = decide({ alertmanagers: [answering([before])], now: start + 120_000 })
    expect(respected.outside).toEqual([])
    expect(String(conditionOf(respected, 'Ready')?.message)).toContain('ended by hand')
    const again = decide({
      object: silenceObject({ generation: 2 }),
      alertmanagers: [answering([before])],
      now: start + 120_000,
    })
    expect(again.outside).toHaveLength(1)
  })

  test('says since when an Alertmanager does not answer, and loses nothing', () => {
    const plan = decide({ alertmanagers: [away] })
    expect(conditionOf(plan, 'Ready')).toMatchObject({ status: 'Unknown', reason: 'AlertmanagerUnreachable' })
    expect(String(conditionOf(plan, 'Ready')?.message)).toContain('since 2026-01-01T11:59:00Z')
    expect(plan.outside).toEqual([])
    expect(plan.finalizer).toBe('keep')
  })

  test('that Alertmanager refuses for good is stalled and not sent again', () => {
    const plan = decide({ refusal: { message: 'exceeded maximum number of silences', permanent: true } })
    expect(plan.outside).toEqual([])
    expect(conditionOf(plan, 'Stalled')).toMatchObject({ reason: 'AlertmanagerRefused' })
  })

  test('lets its finalizer go when its window is over and nothing is left outside', () => {
    const ended = kept(posted(decide({})), 'expired')
    const plan = decide({ alertmanagers: [answering([ended])], now: start + 3 * 3_600_000 })
    expect(plan.finalizer).toBe('remove')
    expect(conditionOf(plan, 'Active')).toMatchObject({ status: 'False', reason: 'Expired' })
    expect(conditionOf(plan, 'Ready')).toMatchObject({ status: 'True' })
  })

  test('that is deleted ends what it made, and is released when the list confirms it', () => {
    const deleted = silenceObject({ deletionTimestamp: new Date(start + 1_000).toISOString() })
    const active = kept(posted(decide({})))
    const ending = decide({ object: deleted, alertmanagers: [answering([active])], now: start + 2_000 })
    expect(ending.outside).toEqual([
      { kind: 'expire-silence', alertmanager: 'monitoring/main', silenceID: 'id-1' },
    ])
    expect(ending.finalizer).toBe('keep')
    const confirmed = decide({
      object: deleted,
      alertmanagers: [answering([{ ...active, state: 'expired' }])],
      now: start + 3_000,
    })
    expect(confirmed.finalizer).toBe('remove')
  })

  test('that is deleted while Alertmanager is away is held 45 s and then released with an event', () => {
    const deleted = silenceObject({ deletionTimestamp: new Date(start).toISOString() })
    const held = decide({ object: deleted, alertmanagers: [away], now: start + 44_000 })
    expect([held.finalizer, held.next]).toEqual(['keep', { kind: 'after', ms: 1_000 }])
    const released = decide({ object: deleted, alertmanagers: [away], now: start + 45_000 })
    expect(released.finalizer).toBe('remove')
    expect(released.events).toMatchObject([{ type: 'Warning', reason: 'AlertmanagerUnreachable' }])
  })

  test('that is deleted when no Alertmanager is known any more says what it leaves behind', () => {
    const object = silenceObject({ deletionTimestamp: new Date(start).toISOString() })
    const plan = decide({ object, alertmanagers: [] })
    expect(plan.finalizer).toBe('remove')
    expect(plan.events).toMatchObject([{ type: 'Warning', reason: 'NoAlertmanager' }])
  })

  test('looks again when its window opens and closes, at the latest after an hour', () => {
    const later = silenceObject({}, { ...spec, startsAt: '2026-01-01T12:30:00Z' })
    expect(decide({ object: later }).next).toEqual({ kind: 'after', ms: 30 * 60_000 + 1_000 })
    expect(decide({}).next).toEqual({ kind: 'after', ms: 3_600_000 })
  })

  test('without any Alertmanager waits in a cluster, and acts on the local judge when Roundsman delivers', () => {
    const waiting = decide({ alertmanagers: [], object: silenceObject({ finalizers: [] }) })
    expect(conditionOf(waiting, 'Ready')).toMatchObject({ status: 'False', reason: 'NoAlertmanager' })
    expect(waiting.finalizer).toBe('keep')
    const direct = decide({ alertmanagers: [], installed: { delivery: 'Direct', standalone: true } })
    expect(direct.judge).toMatchObject({
      kind: 'set-silence',
      silence: { uid: 'u1', endsAt: start + 7_200_000 },
    })
    expect(conditionOf(direct, 'Active')).toMatchObject({ status: 'True' })
  })

  test('with a spec that breaks a rule is stalled and leaves what is in force alone', () => {
    const broken = silenceObject({}, { ...spec, matchers: [{ name: 'namespace', value: 'other' }] })
    const plan = decide({ object: broken })
    expect(plan.outside).toEqual([])
    expect(conditionOf(plan, 'Stalled')).toMatchObject({ reason: 'InvalidSpec' })
  })
})

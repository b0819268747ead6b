// What every source and sink of `control` must keep, whatever is behind them. Runs on the fake cluster, and on a real API server in
// the end-to-end suite; an adapter that has no children of its own (a folder of manifests) runs the groups that concern it.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Answer, ClusterSink, ClusterSource } from '../../src/control/ports.ts'
import { apiVersionOf, type KindName } from '../../src/domain/kinds.ts'
import { type KubeObject, type Ref, refOfObject } from '../../src/domain/kube-object.ts'
import type { FieldManager } from '../../src/reconcile/plan.ts'
import { Told } from './told.ts'

/** One cluster for one case: nothing else writes into `namespace`. */
export type ContractCluster = {
  readonly namespace: string
  readonly source: ClusterSource
  readonly sink: ClusterSink
  /** What people and other controllers do, past the adapter. */
  readonly user: {
    create(object: KubeObject): Promise<KubeObject>
    /** Replaces spec, labels and annotations. */
    replace(object: KubeObject): Promise<KubeObject>
    /** Resolves when the deletion is accepted; a finalizer may still hold the object. */
    remove(ref: Ref): Promise<void>
  }
  close(): Promise<void>
}

export type MakeCluster = () => Promise<ContractCluster>

export function describeCluster(name: string, make: MakeCluster): void {
  describeSource(name, make)
  describeChildren(name, make)
  describeStatus(name, make)
  describeFinalizers(name, make)
}

/** Needs `source`, and of `user` all; no sink. */
export function describeSource(name: string, make: MakeCluster): void {
  describe(`source: ${name}`, () => {
    const cluster = clusterOfEachCase(make)

    test('tells a complete list before it says that the kind is synced', async () => {
      const { source, user, namespace } = cluster()
      await user.create(target(namespace, 'first'))
      await user.create(target(namespace, 'second'))
      const told = new Told()
      source.start(told)
      await told.untilSynced('InspectionTarget')
      const names = [...told.objects('InspectionTarget').keys()]
      expect(names).toEqual(expect.arrayContaining([`${namespace}/first`, `${namespace}/second`]))
    })

    test('tells what was added, changed and removed, in that order and by its UID', async () => {
      const { source, user, namespace } = cluster()
      const told = new Told()
      source.start(told)
      await told.untilSynced('InspectionTarget')
      const added = await user.create(target(namespace, 'checkout'))
      const changed = await user.replace({ ...added, spec: { ...spec, interval: '1m' } })
      await user.remove(refOfObject(changed))
      await told.until((all) => all.some((telling) => telling.told === 'remove') || undefined)
      const versions = upserted(told, 'checkout').map((object) => object.metadata.resourceVersion)
      expect(versions).toEqual([added.metadata.resourceVersion, changed.metadata.resourceVersion])
      const removed = told.all.find((telling) => telling.told === 'remove')
      expect(removed?.told === 'remove' && removed.object.metadata.uid).toBe(added.metadata.uid)
    })

    test('tells an object that was deleted and made anew as gone first, then as another one', async () => {
      const { source, user, namespace } = cluster()
      const told = new Told()
      source.start(told)
      await told.untilSynced('InspectionTarget')
      const old = await user.create(target(namespace, 'checkout'))
      await user.remove(refOfObject(old))
      const anew = await user.create(target(namespace, 'checkout'))
      expect(anew.metadata.uid).not.toBe(old.metadata.uid)
      await told.until(() => upserted(told, 'checkout').some((object) => uidOf(object) === uidOf(anew)))
      const story = told.all.flatMap((telling) =>
        telling.told === 'upsert' || telling.told === 'remove' ? [[telling.told, uidOf(telling.object)]] : [],
      )
      expect(story).toEqual([
        ['upsert', uidOf(old)],
        ['remove', uidOf(old)],
        ['upsert', uidOf(anew)],
      ])
    })

    test('tells whole objects that name their kind and carry no managed fields', async () => {
      const { source, user, namespace } = cluster()
      await user.create(target(namespace, 'listed'))
      const told = new Told()
      source.start(told)
      await told.untilSynced('InspectionTarget')
      await user.create(target(namespace, 'watched'))
      await told.until(() => upserted(told, 'watched').length > 0)
      for (const name of ['listed', 'watched']) {
        const object = told.objects('InspectionTarget').get(`${namespace}/${name}`)
        expect(object).toMatchObject({ apiVersion: 'roundsman.dev/v1alpha1', kind: 'InspectionTarget', spec })
        expect(object?.metadata).not.toHaveProperty('managedFields')
      }
    })

    test('tells nothing once it is stopped, and may be stopped again', async () => {
      const { source, user, namespace } = cluster()
      const told = new Told()
      source.start(told)
      await told.untilSynced('InspectionTarget')
      await source.stop()
      const before = told.all.length
      await user.create(target(namespace, 'unseen'))
      await source.stop()
      expect(told.all.length).toBe(before)
    })
  })
}

function describeChildren(name: string, make: MakeCluster): void {
  describe(`children: ${name}`, () => {
    const cluster = clusterOfEachCase(make)

    test('reads what is there, and answers undefined for what is not', async () => {
      const { sink, namespace } = cluster()
      const ref = refOf('PrometheusRule', namespace, 'rules')
      expect(await sink.get(ref)).toEqual({ ok: true, value: undefined })
      const created = value(await sink.create(rule(namespace, 'rules'), controller))
      expect(value(await sink.get(ref))).toEqual(created)
    })

    test('creates an object with all that was asked for', async () => {
      const { sink, namespace } = cluster()
      const wanted = rule(namespace, 'rules')
      const created = value(await sink.create(wanted, controller))
      expect(created).toMatchObject(wanted)
      expect(uidOf(created)).toBeTruthy()
      expect(created.metadata).not.toHaveProperty('managedFields')
    })

    test('does not create where the name is taken, and leaves what is there untouched', async () => {
      const { sink, user, namespace } = cluster()
      const foreign = await user.create(rule(namespace, 'rules', { groups: [group('foreign')], labels: {} }))
      const answer = await sink.create(rule(namespace, 'rules'), controller)
      expect(failureOf(answer)).toBe('alreadyExists')
      expect(value(await sink.get(refOfObject(foreign)))).toEqual(foreign)
    })

    test('does not create twice', async () => {
      const { sink, namespace } = cluster()
      const created = value(await sink.create(rule(namespace, 'rules'), controller))
      expect(failureOf(await sink.create(rule(namespace, 'rules'), controller))).toBe('alreadyExists')
      expect(value(await sink.get(refOfObject(created)))).toEqual(created)
    })

    test('updates by removing what it wrote before and now leaves out, and keeps what others wrote', async () => {
      const { sink, user, namespace } = cluster()
      const labels = { ...managed, tier: 'front' }
      const created = value(await sink.create(rule(namespace, 'rules', { labels }), controller))
      const annotations = { 'example.org/note': 'kept' }
      await user.replace({ ...created, metadata: { ...created.metadata, annotations } })
      const wanted = rule(namespace, 'rules', { groups: [group('other')] })
      const updated = value(await sink.update(wanted, controller, { uid: uidOf(created) }))
      expect(updated.metadata.labels).toEqual(managed)
      expect(updated.metadata.annotations).toEqual(annotations)
      expect(updated.spec).toEqual({ groups: [group('other')] })
    })

    test('undoes an edit of its fields by hand', async () => {
      const { sink, user, namespace } = cluster()
      const wanted = rule(namespace, 'rules')
      const created = value(await sink.create(wanted, controller))
      await user.replace({ ...created, spec: { groups: [{ ...group('ours'), interval: '7m' }] } })
      const updated = value(await sink.update(rule(namespace, 'rules'), controller, { uid: uidOf(created) }))
      expect((updated.spec as { groups: { rules: unknown }[] }).groups[0]?.rules).toEqual(group('ours').rules)
    })

    test('does not update an object that was made anew under the name', async () => {
      const { sink, user, namespace } = cluster()
      const created = value(await sink.create(rule(namespace, 'rules'), controller))
      await user.remove(refOfObject(created))
      const anew = await user.create(rule(namespace, 'rules', { groups: [group('anew')] }))
      const answer = await sink.update(rule(namespace, 'rules'), controller, { uid: uidOf(created) })
      expect(failureOf(answer)).toBe('conflict')
      expect(value(await sink.get(refOfObject(anew)))).toEqual(anew)
    })

    test('does not make a vanished object anew by updating it', async () => {
      const { sink, user, namespace } = cluster()
      const created = value(await sink.create(rule(namespace, 'rules'), controller))
      await user.remove(refOfObject(created))
      const answer = await sink.update(rule(namespace, 'rules'), controller, { uid: uidOf(created) })
      expect(failureOf(answer)).toBe('conflict')
      expect(value(await sink.get(refOfObject(created)))).toBeUndefined()
    })

    test('removes exactly the object that was meant', async () => {
      const { sink, namespace } = cluster()
      const created = value(await sink.create(rule(namespace, 'rules'), controller))
      expect(await sink.remove(refOfObject(created), preconditionOf(created))).toEqual(removed)
      expect(value(await sink.get(refOfObject(created)))).toBeUndefined()
      expect(await sink.remove(refOfObject(created), preconditionOf(created))).toEqual(removed)
    })

    test('does not remove an object that has changed since it was read', async () => {
      const { sink, user, namespace } = cluster()
      const created = value(await sink.create(rule(namespace, 'rules'), controller))
      const changed = await user.replace({ ...created, spec: { groups: [group('changed')] } })
      expect(failureOf(await sink.remove(refOfObject(created), preconditionOf(created)))).toBe('conflict')
      expect(value(await sink.get(refOfObject(created)))).toEqual(changed)
    })

    test('counts an object that was made anew under the name as removed, and leaves it', async () => {
      const { sink, user, namespace } = cluster()
      const created = value(await sink.create(rule(namespace, 'rules'), controller))
      await user.remove(refOfObject(created))
      const anew = await user.create(rule(namespace, 'rules'))
      expect(await sink.remove(refOfObject(created), preconditionOf(created))).toEqual(removed)
      expect(value(await sink.get(refOfObject(anew)))).toEqual(anew)
    })
  })
}

export function describeStatus(name: string, make: MakeCluster): void {
  describe(`status: ${name}`, () => {
    const cluster = clusterOfEachCase(make)

    test('writes the status and nothing else', async () => {
      const { sink, user, namespace } = cluster()
      const created = await user.create(target(namespace, 'checkout'))
      const status = { observedGeneration: 1, conditions: [condition('Ready')] }
      const written = value(await sink.updateStatus(refOfObject(created), status, options(created)))
      expect(written.status).toEqual(status)
      expect(written.spec).toEqual(spec)
      expect(written.metadata.generation).toBe(created.metadata.generation)
      expect(value(await sink.get(refOfObject(created)))).toEqual(written)
    })

    test('refuses a status that was decided on an older version of the object', async () => {
      const { sink, user, namespace } = cluster()
      const created = await user.create(target(namespace, 'checkout'))
      const changed = await user.replace({ ...created, spec: { ...spec, interval: '1m' } })
      const answer = await sink.updateStatus(
        refOfObject(created),
        { observedGeneration: 1 },
        options(created),
      )
      expect(failureOf(answer)).toBe('conflict')
      expect(value(await sink.get(refOfObject(created)))).toEqual(changed)
    })

    test('refuses a status that was decided on an object since deleted, made anew or not', async () => {
      const { sink, user, namespace } = cluster()
      const created = await user.create(target(namespace, 'checkout'))
      const ref = refOfObject(created)
      await user.remove(ref)
      expect(failureOf(await sink.updateStatus(ref, { observedGeneration: 1 }, options(created)))).toBe(
        'notFound',
      )
      const anew = await user.create(target(namespace, 'checkout'))
      expect(failureOf(await sink.updateStatus(ref, { observedGeneration: 1 }, options(created)))).toBe(
        'conflict',
      )
      expect(value(await sink.get(ref))).toEqual(anew)
    })

    test('keeps the conditions that the other manager wrote', async () => {
      const { sink, user, namespace } = cluster()
      const created = await user.create(target(namespace, 'checkout'))
      const ref = refOfObject(created)
      const ready = { observedGeneration: 1, conditions: [condition('Ready')] }
      const healthy = { verdict: 'Healthy', conditions: [condition('Healthy')] }
      const first = value(await sink.updateStatus(ref, ready, options(created, controller)))
      const second = value(await sink.updateStatus(ref, healthy, options(first, prober)))
      expect(second.status).toMatchObject({ observedGeneration: 1, verdict: 'Healthy' })
      expect(typesOf(second)).toEqual(['Healthy', 'Ready'])
      const third = value(await sink.updateStatus(ref, ready, options(second, controller)))
      expect(typesOf(third)).toEqual(['Healthy', 'Ready'])
    })

    test('removes what the same manager wrote before and now leaves out', async () => {
      const { sink, user, namespace } = cluster()
      const created = await user.create(target(namespace, 'checkout'))
      const ref = refOfObject(created)
      const waiting = { observedGeneration: 1, conditions: [condition('Ready'), condition('Reconciling')] }
      const first = value(await sink.updateStatus(ref, waiting, options(created)))
      const settled = { observedGeneration: 1, conditions: [condition('Ready')] }
      const second = value(await sink.updateStatus(ref, settled, options(first)))
      expect(second.status).toEqual(settled)
    })
  })
}

export function describeFinalizers(name: string, make: MakeCluster): void {
  describe(`finalizers: ${name}`, () => {
    const cluster = clusterOfEachCase(make)

    test('adds one and removes one, and leaves those of others', async () => {
      const { sink, user, namespace } = cluster()
      const created = await user.create(silence(namespace, 'release', [theirs]))
      const added = value(await sink.setFinalizer(created, { finalizer: ours, present: true }))
      expect(added?.metadata.finalizers).toEqual([theirs, ours])
      const without = value(await sink.setFinalizer(added ?? created, { finalizer: ours, present: false }))
      expect(without?.metadata.finalizers).toEqual([theirs])
    })

    test('adds the first one, and nothing when it is there already', async () => {
      const { sink, user, namespace } = cluster()
      const created = await user.create(silence(namespace, 'release'))
      const added = value(await sink.setFinalizer(created, { finalizer: ours, present: true }))
      expect(added?.metadata.finalizers).toEqual([ours])
      const again = value(await sink.setFinalizer(created, { finalizer: ours, present: true }))
      expect(again?.metadata).toEqual(added?.metadata)
    })

    test('removes its own though the list has changed since the object was read', async () => {
      const { sink, user, namespace } = cluster()
      const created = await user.create(silence(namespace, 'release', [theirs, ours]))
      const changed = value(await sink.setFinalizer(created, { finalizer: theirs, present: false }))
      expect(changed?.metadata.finalizers).toEqual([ours])
      const without = value(await sink.setFinalizer(created, { finalizer: ours, present: false }))
      expect(without?.metadata.finalizers ?? []).toEqual([])
    })

    test('lets a deleted object go with the last finalizer, and counts a vanished one as done', async () => {
      const { sink, user, namespace } = cluster()
      const created = await user.create(silence(namespace, 'release', [ours]))
      const ref = refOfObject(created)
      await user.remove(ref)
      const deleted = value(await sink.get(ref))
      expect(deleted?.metadata.deletionTimestamp).toBeTruthy()
      expect((await sink.setFinalizer(deleted ?? created, { finalizer: ours, present: false })).ok).toBe(true)
      expect(value(await sink.get(ref))).toBeUndefined()
      const again = await sink.setFinalizer(deleted ?? created, { finalizer: ours, present: false })
      expect(again).toEqual({ ok: true, value: undefined })
    })

    test('does not touch an object that was made anew under the name', async () => {
      const { sink, user, namespace } = cluster()
      const created = await user.create(silence(namespace, 'release'))
      await user.remove(refOfObject(created))
      const anew = await user.create(silence(namespace, 'release', [ours]))
      const asRead = { ...created, metadata: { ...created.metadata, finalizers: [ours] } }
      const without = await sink.setFinalizer(asRead, { finalizer: ours, present: false })
      expect(without).toEqual({ ok: true, value: undefined })
      const added = await sink.setFinalizer(created, { finalizer: theirs, present: true })
      expect(failureOf(added)).toBe('conflict')
      expect(value(await sink.get(refOfObject(anew)))).toEqual(anew)
    })

    test('adds none to an object that is being deleted', async () => {
      const { sink, user, namespace } = cluster()
      const created = await user.create(silence(namespace, 'release', [theirs]))
      await user.remove(refOfObject(created))
      const answer = await sink.setFinalizer(created, { finalizer: ours, present: true })
      expect(failureOf(answer)).toBe('invalid')
      await sink.setFinalizer(created, { finalizer: theirs, present: false })
    })
  })
}

const controller: FieldManager = 'roundsman/controller'
const prober: FieldManager = 'roundsman/prober'
const managed = { 'app.kubernetes.io/managed-by': 'roundsman' }
const ours = 'roundsman.dev/silences'
const theirs = 'example.org/keep'
const removed = { ok: true, value: undefined }
const spec = { interval: '30s', tcp: { host: 'db.example.org', port: 5432 } }

function clusterOfEachCase(make: MakeCluster): () => ContractCluster {
  let current: ContractCluster | undefined
  beforeEach(async () => {
    current = await make()
  })
  afterEach(async () => {
    await current?.source.stop()
    await current?.close()
  })
  return () => {
    if (current === undefined) throw new Error('the case has no cluster; this is a bug of the suite')
    return current
  }
}

function target(namespace: string, name: string): KubeObject {
  return {
    apiVersion: apiVersionOf('InspectionTarget'),
    kind: 'InspectionTarget',
    metadata: { name, namespace },
    spec,
  }
}

function silence(namespace: string, name: string, finalizers?: readonly string[]): KubeObject {
  const metadata = { name, namespace, ...(finalizers === undefined ? {} : { finalizers }) }
  const matchers = [{ name: 'alertname', value: 'TargetDown' }]
  const spec = { matchers, duration: '1h', comment: 'a release' }
  return { apiVersion: apiVersionOf('Silence'), kind: 'Silence', metadata, spec }
}

function rule(
  namespace: string,
  name: string,
  { groups = [group('ours')], labels = managed }: { groups?: readonly unknown[]; labels?: object } = {},
): KubeObject {
  const metadata = { name, namespace, labels: { ...labels } }
  return { apiVersion: apiVersionOf('PrometheusRule'), kind: 'PrometheusRule', metadata, spec: { groups } }
}

function group(name: string): { readonly name: string; readonly rules: readonly object[] } {
  return { name, rules: [{ alert: 'TargetDown', expr: `up{job="${name}"} == 0` }] }
}

function condition(type: string): object {
  const common = { reason: 'Accepted', message: 'it is so', lastTransitionTime: '2026-01-01T00:00:00Z' }
  return { type, status: 'True', observedGeneration: 1, ...common }
}

function refOf(kind: KindName, namespace: string, name: string): Ref {
  return { kind, namespace, name }
}

function options(object: KubeObject, manager: FieldManager = controller) {
  return { manager, ...preconditionOf(object) }
}

function preconditionOf({ metadata }: KubeObject): { uid: string; resourceVersion: string } {
  return { uid: metadata.uid ?? '', resourceVersion: metadata.resourceVersion ?? '' }
}

function typesOf(object: KubeObject): readonly string[] {
  const { conditions } = object.status as { conditions: readonly { type: string }[] }
  return conditions.map(({ type }) => type).sort()
}

function upserted(told: Told, name: string): readonly KubeObject[] {
  return told.all.flatMap((telling) =>
    telling.told === 'upsert' && telling.object.metadata.name === name ? [telling.object] : [],
  )
}

function uidOf(object: KubeObject): string {
  return object.metadata.uid ?? ''
}

function value<Value>(answer: Answer<Value>): Value {
  if (!answer.ok) throw new Error(`${answer.failure.kind}: ${answer.failure.message}`)
  return answer.value
}

function failureOf(answer: Answer<unknown>): string {
  return answer.ok ? 'carried out' : answer.failure.kind
}

import { describe, expect, test } from 'vitest'
import { type Change, Store } from '../../src/control/store.ts'
import type { KubeObject } from '../../src/domain/kube-object.ts'

function target(name: string, uid: string, resourceVersion: string): KubeObject {
  return {
    apiVersion: 'roundsman.dev/v1alpha1',
    kind: 'InspectionTarget',
    metadata: { name, namespace: 'shop', uid, resourceVersion },
    spec: {},
  }
}

function makeStore() {
  const store = new Store()
  const changes: Change[] = []
  store.onChange((change) => changes.push(change))
  return { store, changes, told: () => changes.splice(0).map(describeChange) }
}

function describeChange({ ref, before, after }: Change): string {
  const version = (object: KubeObject | undefined) =>
    `${object?.metadata.uid ?? '-'}@${object?.metadata.resourceVersion ?? '-'}`
  return `${ref.name} ${version(before)} -> ${version(after)}`
}

const ref = (name: string) => ({ kind: 'InspectionTarget' as const, namespace: 'shop', name })

describe('the store', () => {
  test('swaps a whole list in at once and tells only the differences', () => {
    const { store, told } = makeStore()
    store.replace('InspectionTarget', [target('a', 'u1', '1'), target('b', 'u2', '2')])
    expect(told()).toEqual(['a -@- -> u1@1', 'b -@- -> u2@2'])
    store.replace('InspectionTarget', [target('b', 'u2', '2'), target('c', 'u3', '3')])
    expect(told()).toEqual(['a u1@1 -> -@-', 'c -@- -> u3@3'])
    expect(store.list('InspectionTarget').map((object) => object.metadata.name)).toEqual(['b', 'c'])
  })

  test('tells a recreated object as gone and new, never as changed', () => {
    const { store, told } = makeStore()
    store.replace('InspectionTarget', [target('a', 'u1', '1')])
    told()
    store.replace('InspectionTarget', [target('a', 'u9', '5')])
    expect(told()).toEqual(['a u1@1 -> -@-', 'a -@- -> u9@5'])
    store.upsert('InspectionTarget', target('a', 'u10', '7'))
    expect(told()).toEqual(['a u9@5 -> -@-', 'a -@- -> u10@7'])
  })

  test('keeps what a list does not know yet, but not when the whole cluster went back', () => {
    const { store } = makeStore()
    const versionOfA = () => store.get(ref('a'))?.metadata.resourceVersion
    store.upsert('InspectionTarget', target('a', 'u1', '7'))
    store.replace('InspectionTarget', [target('a', 'u1', '5')])
    expect(versionOfA()).toBe('7')
    store.replace('InspectionTarget', [target('a', 'u1', '5')], { isRewound: true })
    expect(versionOfA()).toBe('5')
    store.upsert('InspectionTarget', target('a', 'u1', '6'))
    expect(versionOfA()).toBe('6')
  })

  test('drops an event that is older than what it holds of that UID', () => {
    const { store, told } = makeStore()
    store.upsert('InspectionTarget', target('a', 'u1', '10'))
    told()
    store.upsert('InspectionTarget', target('a', 'u1', '9'))
    store.upsert('InspectionTarget', target('a', 'u1', '10'))
    expect(told()).toEqual([])
    expect(store.get(ref('a'))?.metadata.resourceVersion).toBe('10')
  })

  test('keeps an own newer write when a list that was read before it arrives', () => {
    const { store } = makeStore()
    store.upsert('InspectionTarget', target('a', 'u1', '10'))
    store.replace('InspectionTarget', [target('a', 'u1', '8')])
    expect(store.get(ref('a'))?.metadata.resourceVersion).toBe('10')
  })

  test('ignores the removal of a former object of the same name', () => {
    const { store, told } = makeStore()
    store.upsert('InspectionTarget', target('a', 'u2', '5'))
    told()
    store.remove('InspectionTarget', target('a', 'u1', '6'))
    expect(told()).toEqual([])
    expect(store.get(ref('a'))?.metadata.uid).toBe('u2')
  })

  test('finds children by the UID of their controller, and forgets those that left', () => {
    const { store } = makeStore()
    const child: KubeObject = {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: {
        name: 'roundsman-p',
        namespace: 'shop',
        uid: 'c1',
        resourceVersion: '3',
        ownerReferences: [
          { apiVersion: 'x', kind: 'Other', name: 'o', uid: 'not-a-controller' },
          {
            apiVersion: 'roundsman.dev/v1alpha1',
            kind: 'AlertPolicy',
            name: 'p',
            uid: 'owner',
            controller: true,
          },
        ],
      },
    }
    store.upsert('PrometheusRule', child)
    expect(store.ownedBy('owner')).toEqual([child])
    expect(store.ownedBy('not-a-controller')).toEqual([])
    store.remove('PrometheusRule', child)
    expect(store.ownedBy('owner')).toEqual([])
  })

  test('says syncing until the source says otherwise, and tells each change once', () => {
    const { store } = makeStore()
    const told: string[] = []
    store.onAvailability((kind, { state }) => told.push(`${kind} ${state}`))
    expect(store.availability('Silence').state).toBe('syncing')
    store.setAvailability('Silence', { state: 'synced' })
    store.setAvailability('Silence', { state: 'synced' })
    store.setAvailability('Silence', { state: 'forbidden', message: 'cannot list silences' })
    expect(told).toEqual(['Silence synced', 'Silence forbidden'])
  })
})

import { afterEach, beforeEach, expect, test } from 'vitest'
import type { KubeObject } from '../../src/domain/kube-object.ts'
import { noObserver } from '../../src/kube/observers.ts'
import { Reflector, type ReflectorListener, type ReflectorOptions } from '../../src/kube/reflector.ts'
import { Transport } from '../../src/kube/transport.ts'
import type { Availability } from '../../src/reconcile/ports.ts'
import { FakeClock } from '../fakes/clock.ts'
import { deepFreeze } from '../fakes/cluster-feed.ts'
import { FakeLog } from '../fakes/log.ts'
import { ScriptedApi, type ScriptedRequest } from './scripted-api.ts'

let api: ScriptedApi
let clock: FakeClock
let log: FakeLog
let transport: Transport
let story: Story
let reflector: Reflector
let relists: string[]
let failures: string[]

beforeEach(async () => {
  api = await ScriptedApi.start()
  clock = new FakeClock()
  log = new FakeLog()
  relists = []
  failures = []
  transport = makeTransport()
  story = new Story()
  reflector = makeReflector()
})

afterEach(async () => {
  await reflector.stop()
  await transport.close()
  await api.close()
  expect(api.violations).toEqual([])
  expect(clock.pending).toBe(0)
})

function makeTransport(): Transport {
  const random = () => 0
  return new Transport({ access: api.access, clock, random, log, observer: noObserver.requests })
}

function makeReflector(options: Partial<ReflectorOptions> = {}): Reflector {
  const observer = {
    eventSeen: () => {},
    relisted: (_: string, reason: string) => void relists.push(reason),
    watchFailed: (_: string, code: string) => void failures.push(code),
  }
  const selection = { kind: 'InspectionTarget' } as const
  return new Reflector({
    selection,
    listener: story,
    transport,
    clock,
    random: () => 0,
    log,
    observer,
    ...options,
  })
}

/** What the reflector told, one word a telling, so that a test reads as a story. */
class Story implements ReflectorListener {
  readonly told: string[] = []
  readonly objects = new Map<string, KubeObject>()
  #onTold: (() => void) | undefined

  replace(objects: readonly KubeObject[]): void {
    this.objects.clear()
    for (const object of objects) this.objects.set(object.metadata.uid ?? '', deepFreeze(object))
    this.#tell(`list ${objects.map(nameOf).join(' ')}`.trim())
  }

  upsert(object: KubeObject): void {
    this.objects.set(object.metadata.uid ?? '', deepFreeze(object))
    this.#tell(`put ${nameOf(object)}`)
  }

  remove(object: KubeObject): void {
    this.objects.delete(object.metadata.uid ?? '')
    this.#tell(`gone ${nameOf(object)}`)
  }

  setAvailability(availability: Availability): void {
    this.#tell(availability.state === 'forbidden' ? `forbidden: ${availability.message}` : availability.state)
  }

  rewound(): void {
    this.#tell('rewound')
  }

  /** Resolves when the last telling is this one. */
  async until(last: string): Promise<void> {
    while (this.told.at(-1) !== last) {
      await new Promise<void>((resolve) => {
        this.#onTold = resolve
      })
    }
  }

  #tell(what: string): void {
    this.told.push(what)
    this.#onTold?.()
  }
}

function nameOf({ metadata }: KubeObject): string {
  return `${metadata.name}@${metadata.resourceVersion}`
}

function target(name: string, version: number, uid = `uid-${name}`): KubeObject {
  return {
    apiVersion: 'roundsman.dev/v1alpha1',
    kind: 'InspectionTarget',
    metadata: { name, namespace: 'shop', uid, resourceVersion: String(version) },
    spec: { interval: '30s' },
  }
}

function listOf(version: number, objects: readonly KubeObject[], next?: string): object {
  const metadata = { resourceVersion: String(version), ...(next === undefined ? {} : { continue: next }) }
  return {
    kind: 'InspectionTargetList',
    metadata,
    items: objects.map(({ kind: _, apiVersion: __, ...item }) => item),
  }
}

const silenceMs = 150_000

/** Brings the reflector to an open watch at version 10 over one object `a`. */
async function watching(): Promise<ScriptedRequest> {
  reflector.start()
  ;(await api.nextList()).reply(listOf(10, [target('a', 5)]))
  const watch = await api.nextWatch()
  watch.begin()
  await story.until('synced')
  await clock.untilTimer(silenceMs) // The headers are there.
  return watch
}

/** Lets the reflector take the pause that it has come to. */
async function pass(ms: number): Promise<void> {
  await clock.untilTimer(ms)
  clock.advance(ms)
}

const expired = { reason: 'Expired', message: 'too old resource version' }

test('lists page by page, tells the whole at once and watches from its version', async () => {
  reflector.start()
  const first = await api.nextList()
  expect(Object.fromEntries(first.query)).toEqual({ limit: '500', resourceVersion: '0' })
  first.reply(listOf(10, [target('a', 5)], 'more'))
  const second = await api.nextList()
  expect(Object.fromEntries(second.query)).toEqual({ limit: '500', continue: 'more' })
  expect(story.told).toEqual([])
  second.reply(listOf(10, [target('b', 7)]))
  const watch = await api.nextWatch()
  expect(Object.fromEntries(watch.query)).toEqual({
    watch: 'true',
    resourceVersion: '10',
    allowWatchBookmarks: 'true',
    timeoutSeconds: '300',
  })
  expect(story.told).toEqual(['list a@5 b@7', 'synced'])
})

test('selects by label and by field, in one namespace', async () => {
  const selection = {
    kind: 'PrometheusRule',
    namespace: 'shop',
    labelSelector: 'a=b',
    fieldSelector: 'c=d',
  } as const
  reflector = makeReflector({ selection })
  reflector.start()
  const list = await api.nextList()
  expect(list.path).toBe('/apis/monitoring.coreos.com/v1/namespaces/shop/prometheusrules')
  expect(Object.fromEntries(list.query)).toMatchObject({ labelSelector: 'a=b', fieldSelector: 'c=d' })
  list.reply(listOf(10, []))
  expect(Object.fromEntries((await api.nextWatch()).query)).toMatchObject({
    labelSelector: 'a=b',
    fieldSelector: 'c=d',
  })
})

test('asks for metadata alone when nothing else is wanted', async () => {
  reflector = makeReflector({ selection: { kind: 'CustomResourceDefinition', metadataOnly: true } })
  reflector.start()
  const list = await api.nextList()
  expect(list.headers.accept).toBe('application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1')
  list.reply(listOf(10, []))
  expect((await api.nextWatch()).headers.accept).toBe(
    'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  )
})

test('tells what was added, changed and removed, and strips what nobody reads', async () => {
  const watch = await watching()
  const added = target('b', 11)
  await watch.event('ADDED', { ...added, metadata: { ...added.metadata, managedFields: [{}] } })
  await watch.event('MODIFIED', target('a', 12))
  await watch.event('DELETED', target('b', 13))
  await story.until('gone b@13')
  expect(story.told).toEqual(['list a@5', 'synced', 'put b@11', 'put a@12', 'gone b@13'])
  expect([...story.objects.values()]).toEqual([target('a', 12)])
})

test('watches on from the last event or bookmark when the server ends the stream', async () => {
  const watch = await watching()
  await watch.event('ADDED', target('b', 11))
  await story.until('put b@11')
  clock.advance(100_000)
  await watch.bookmark('40')
  watch.end()
  const next = await api.nextWatch()
  expect(next.query.get('resourceVersion')).toBe('40')
  expect(relists).toEqual([])
})

test('ignores what is replayed: older events, and the old object of a name that was made anew', async () => {
  const watch = await watching()
  await watch.event('DELETED', target('a', 11))
  await watch.event('ADDED', target('a', 12, 'uid-new'))
  await story.until('put a@12')
  for (const event of ['ADDED', 'MODIFIED', 'DELETED']) await watch.event(event, target('a', 5))
  await watch.event('MODIFIED', target('a', 12, 'uid-new'))
  await watch.event('ADDED', target('c', 13))
  await story.until('put c@13')
  expect(story.told.slice(2)).toEqual(['gone a@11', 'put a@12', 'put c@13'])
})

test('lists anew from etcd when the version is too old, told as status, as event, or on a page of a list', async () => {
  const watch = await watching()
  await watch.event('ERROR', { kind: 'Status', code: 410, ...expired })
  await pass(5_000) // At most one list in five seconds.
  const relist = await api.nextList()
  expect(relist.query.has('resourceVersion')).toBe(false)
  relist.reply(listOf(20, [target('a', 5)]))
  ;(await api.nextWatch()).refuse(410, expired)
  await pass(5_000)
  ;(await api.nextList()).reply(listOf(30, [target('a', 5)], 'more'))
  ;(await api.nextList()).refuse(410, expired)
  await pass(5_000)
  ;(await api.nextList()).reply(listOf(40, [target('a', 5)]))
  const last = await api.nextWatch()
  expect(last.query.get('resourceVersion')).toBe('40')
  expect(story.told).toEqual(['list a@5', 'synced', 'list a@5', 'list a@5'])
  expect(relists).toEqual(['expired', 'expired', 'expired'])
})

test('keeps the store when a list is cut in the middle, and asks again for one that is not older', async () => {
  const watch = await watching()
  await watch.write('{"type":"ADDED","obj\n')
  await pass(800)
  await pass(5_000 - 800)
  const cut = await api.nextList()
  expect(Object.fromEntries(cut.query)).toEqual({
    limit: '500',
    resourceVersion: '10',
    resourceVersionMatch: 'NotOlderThan',
  })
  cut.begin()
  await cut.write('{"metadata":{"resourceVersion":"11"},"items":[')
  cut.cut()
  await pass(1_600)
  expect(story.told).toEqual(['list a@5', 'synced'])
  await pass(5_000 - 1_600)
  ;(await api.nextList()).reply(listOf(12, []))
  await story.until('list')
  expect(story.objects.size).toBe(0)
})

test('loses no event to a line that is cut off: the list shows what it said', async () => {
  const watch = await watching()
  await watch.event('ADDED', target('b', 11))
  await story.until('put b@11')
  await watch.write(JSON.stringify({ type: 'ADDED', object: target('c', 12) }).slice(0, 40))
  watch.end()
  await pass(800)
  await pass(4_200)
  ;(await api.nextList()).reply(listOf(12, [target('a', 5), target('b', 11), target('c', 12)]))
  await story.until('list a@5 b@11 c@12')
})

test('lists from etcd when the server does not know the version yet', async () => {
  const watch = await watching()
  watch.end()
  await pass(800)
  const causes = [{ reason: 'ResourceVersionTooLarge' }]
  ;(await api.nextWatch()).refuse(504, { reason: 'Timeout', details: { causes } })
  await pass(4_200)
  expect((await api.nextList()).query.has('resourceVersion')).toBe(false)
})

test('tells of a list that is older than one before: etcd was restored', async () => {
  const watch = await watching()
  await watch.event('ERROR', { code: 410 })
  await pass(5_000)
  ;(await api.nextList()).reply(listOf(9, [target('a', 4)]))
  const next = await api.nextWatch()
  expect(next.query.get('resourceVersion')).toBe('9')
  expect(story.told.slice(2)).toEqual(['rewound', 'list a@4'])
})

test('watches on from the same version when nothing was heard for 150 s, not even of an idle connection', async () => {
  const watch = await watching()
  clock.advance(100_000)
  await watch.bookmark('15')
  await watch.event('ADDED', target('b', 16))
  await story.until('put b@16')
  clock.advance(149_999)
  expect(api.untaken).toBe(0)
  clock.advance(1)
  const next = await api.nextWatch()
  expect(next.query.get('resourceVersion')).toBe('16')
  await watch.gone
})

test('ends a stream that the server forgot to end', async () => {
  const watch = await watching()
  for (let minutes = 1; minutes <= 5; minutes++) {
    clock.advance(60_000)
    await watch.event('MODIFIED', target('a', 10 + minutes))
    await story.until(`put a@${10 + minutes}`)
  }
  clock.advance(5_000)
  await api.nextWatch()
  await watch.gone
})

test('gives a watch 15 s for its headers', async () => {
  reflector.start()
  ;(await api.nextList()).reply(listOf(10, []))
  const silent = await api.nextWatch()
  clock.advance(15_000)
  await silent.gone
  await pass(800)
  expect((await api.nextWatch()).query.get('resourceVersion')).toBe('10')
  expect(failures).toEqual(['ETIMEDOUT'])
})

test('backs off longer and longer while streams break, and keeps its version', async () => {
  let watch = await watching()
  for (const pauseMs of [800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000]) {
    watch.cut()
    await pass(pauseMs)
    watch = await api.nextWatch()
    expect(watch.query.get('resourceVersion')).toBe('10')
    watch.begin()
  }
  expect(relists).toEqual([])
})

test('makes no tight loop of streams that end at once: it backs off, then lists anew', async () => {
  let watch = await watching()
  watch.end()
  await pass(800)
  watch = await api.nextWatch()
  watch.begin()
  watch.end()
  await pass(1_600)
  await pass(5_000 - 2_400)
  expect((await api.nextList()).query.has('resourceVersion')).toBe(false)
})

test('opens one stream a second when each brings something and ends', async () => {
  let watch = await watching()
  for (let version = 11; version < 15; version++) {
    await watch.event('MODIFIED', target('a', version))
    watch.end()
    await story.until(`put a@${version}`)
    await pass(1_000)
    watch = await api.nextWatch()
    watch.begin()
  }
  expect(relists).toEqual([])
})

test('waits as long as an overloaded server asks, and keeps its version', async () => {
  const watch = await watching()
  clock.advance(2_000)
  watch.end()
  ;(await api.nextWatch()).refuse(429, {}, { 'retry-after': '60' })
  await clock.untilTimer(60_000)
  clock.advance(59_000)
  expect(api.untaken).toBe(0)
  clock.advance(1_000)
  const next = await api.nextWatch()
  expect(next.query.get('resourceVersion')).toBe('10')
})

test('comes back with the first success of any call when the server had been away', async () => {
  reflector.start()
  const list = await api.nextList()
  const url = api.url
  list.cut()
  await api.close()
  await clock.untilTimer(800)
  clock.advance(800)
  await pass(5_000 - 800)
  await clock.untilTimer(1_600) // Now the connection is refused.
  api = await ScriptedApi.start(Number(new URL(url).port))
  const question = { verb: 'get', resource: 'leases' }
  const call = transport.send({ question, method: 'GET', path: '/lease' })
  ;(await api.next(({ path }) => path === '/lease')).reply({})
  await call
  await pass(5_000) // Of the back-off nothing is left, of the five seconds between two lists all.
  ;(await api.nextList()).reply(listOf(10, []))
  await story.until('synced')
})

test('shows a missing right, keeps the version, and takes up the watch when the right is there', async () => {
  const watch = await watching()
  clock.advance(2_000)
  watch.end()
  ;(await api.nextWatch()).refuse(403, { reason: 'Forbidden', message: 'no' })
  await story.until(
    'forbidden: not permitted to watch inspectiontargets.roundsman.dev in the whole cluster: no',
  )
  await pass(800)
  const next = await api.nextWatch()
  expect(next.query.get('resourceVersion')).toBe('10')
  next.begin()
  await story.until('synced')
  expect(relists).toEqual([])
})

test('waits for a kind that is not served, and looks at once when it is told of its definition', async () => {
  reflector.start()
  ;(await api.nextList()).reply('404 page not found', { code: 404 })
  await story.until('notServed')
  await clock.untilTimer(800)
  reflector.wake()
  await pass(5_000)
  ;(await api.nextList()).reply(listOf(10, []))
  await story.until('synced')
  const watch = await api.nextWatch()
  watch.refuse(404)
  await story.until('notServed')
})

test('reads an object that leaves a label-filtered watch before it believes that it is gone', async () => {
  const selection = { kind: 'InspectionTarget', labelSelector: 'a=b' } as const
  reflector = makeReflector({ selection })
  const watch = await watching()
  await watch.event('DELETED', target('a', 11))
  const live = await api.next()
  expect(live.path).toBe('/apis/roundsman.dev/v1alpha1/namespaces/shop/inspectiontargets/a')
  live.reply(target('a', 11))
  await story.until('put a@11')
  await watch.event('DELETED', target('a', 12))
  ;(await api.next()).refuse(404, { reason: 'NotFound', details: { name: 'a' } })
  await story.until('gone a@12')
})

test('asks again about such an object when the question got no answer', async () => {
  const selection = { kind: 'InspectionTarget', labelSelector: 'a=b' } as const
  reflector = makeReflector({ selection })
  const watch = await watching()
  await watch.event('DELETED', target('a', 11))
  ;(await api.next()).refuse(500)
  await pass(800)
  const next = await api.nextWatch()
  expect(next.query.get('resourceVersion')).toBe('10')
  expect(story.told).toEqual(['list a@5', 'synced'])
})

test('tells everything again when the listener throws, and says that this is a bug', async () => {
  const upsert = story.upsert.bind(story)
  let hasThrown = false
  story.upsert = (object) => {
    if (hasThrown) return upsert(object)
    hasThrown = true
    throw new Error('defect')
  }
  const watch = await watching()
  await watch.event('ADDED', target('b', 11))
  await pass(800)
  await pass(4_200)
  ;(await api.nextList()).reply(listOf(11, [target('a', 5), target('b', 11)]))
  await story.until('list a@5 b@11')
  expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
})

test('stops at any moment, without an error, and closes its stream', async () => {
  await makeReflector().stop()
  const idle = makeReflector()
  idle.start()
  const list = await api.nextList()
  await idle.stop()
  await list.gone
  const watch = await watching()
  await Promise.all([reflector.stop(), reflector.stop()])
  await watch.gone
  expect(failures).toEqual([])
  expect(log.lines).toEqual([])
})

test('stops in the middle of a pause', async () => {
  const watch = await watching()
  watch.cut()
  await clock.untilTimer(800)
  await reflector.stop()
  expect(clock.pending).toBe(0)
})

test('does not spin when the connections are closed before it is stopped', async () => {
  let opened = 0
  const counting = new Proxy(transport, {
    get: (target, name) => {
      const member = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      const call = member.bind(target)
      if (name !== 'open') return call
      return (...args: unknown[]) => {
        opened += 1
        return opened > 100 ? new Promise(() => {}) : call(...args) // Or nothing else would ever get its turn.
      }
    },
  })
  reflector = makeReflector({ transport: counting })
  reflector.start()
  ;(await api.nextList()).reply({ metadata: { resourceVersion: '10' }, items: [] })
  await api.nextWatch()
  await transport.close()
  await new Promise((resolve) => setImmediate(resolve))
  expect(opened).toBeLessThan(5)
})

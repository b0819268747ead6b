// Silences in real Alertmanagers, of the newest release and of the last one without annotations: first the contract of the API on which
// the silence machine and its fake stand, then the machine, the client and the poller together.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RemoteSilence, SilencePost } from '../src/domain/remote-silence.ts'
import { type DesiredSilence, type SilenceStep, silenceStep } from '../src/domain/silence-machine.ts'
import { tagOf } from '../src/domain/silence-marker.ts'
import { systemClock } from '../src/program/system-clock.ts'
import { type AlertmanagerAnswer, AlertmanagerClient } from '../src/upstream/alertmanager-client.ts'
import { Alertmanagers } from '../src/upstream/alertmanagers.ts'
import { AlertmanagerStore } from '../test/fakes/alertmanager-store.ts'
import { FakeLog } from '../test/fakes/log.ts'
import { postForeignSilence } from './alertmanager-api.ts'
import { openCluster } from './cluster/cluster.ts'
import { eventually } from './cluster/eventually.ts'
import { figure, timed } from './figure.ts'
import { RealAlertmanager } from './fixtures/alertmanager.ts'

const cluster = openCluster()
const client = new AlertmanagerClient({ clock: systemClock })
afterAll(async () => {
  await client.close()
  await cluster.close()
})

const hour = 3_600_000
const answered = <Value>(answer: AlertmanagerAnswer<Value>): Value => {
  if (answer.kind !== 'ok') throw new Error(`expected an answer, got ${JSON.stringify(answer)}`)
  return answer.value
}
const text = (ms: number) => new Date(ms).toISOString()
const silencesOf = async ({ url }: RealAlertmanager) => answered(await client.listSilences(url))
const liveOf = async (alertmanager: RealAlertmanager) =>
  (await silencesOf(alertmanager)).filter((silence) => silence.state !== 'expired')

describe.each(['alertmanager', 'alertmanager-0.31'] as const)('the API of %s', (tool) => {
  let real: RealAlertmanager
  let fake: AlertmanagerStore
  beforeAll(async () => {
    real = await RealAlertmanager.start(cluster, { name: `contract-${tool}`, tool })
    fake = new AlertmanagerStore(() => Date.now())
  })
  afterAll(() => real.stop())

  /** Status, whether the id stays, and the states of all silences that this case made; from both. */
  async function both(act: (post: Post, end: End) => Promise<readonly (number | boolean)[]>): Promise<void> {
    const ofReal = await observed(act, {
      post: async (silence) => replyOf(await client.postSilence(real.url, silence)),
      end: async (id) => replyOf(await client.expireSilence(real.url, id)),
      list: () => silencesOf(real),
    })
    const ofFake = await observed(act, {
      post: async (silence) => fakeReply(fake.post(silence)),
      end: async (id) => fakeReply(fake.expire(id)),
      list: async () => fake.list(),
    })
    expect(ofFake).toEqual(ofReal)
  }

  const plain = (changes: Partial<SilencePost> = {}): SilencePost => ({
    matchers: [{ name: 'a', value: 'x', isRegex: false, isEqual: true }],
    startsAt: text(Date.now()),
    endsAt: text(Date.now() + hour),
    createdBy: 'roundsman',
    comment: 'x',
    ...changes,
  })

  it('makes a new silence for each post without an id', () =>
    both(async (post) => {
      const [one, two] = [await post(plain()), await post(plain())]
      return [one.status, two.status, one.id === two.id]
    }))

  it('keeps the id for the stored start with another end or comment, and for no other past start', () =>
    both(async (post) => {
      const made = await post(plain({ startsAt: text(Date.now() - hour) }))
      const stored = (await made.record())!
      const startsAt = stored.startsAtText
      const later = await post(
        plain({ id: made.id, startsAt, endsAt: text(Date.now() + 2 * hour), comment: 'y' }),
      )
      const moved = await post(plain({ id: made.id, startsAt: text(Date.now() - hour) }))
      return [stored.startsAt > Date.now() - hour / 2, later.id === made.id, moved.id === made.id]
    }))

  it('exchanges a silence whose matchers differ, or stand in another order', () =>
    both(async (post) => {
      const [x, y] = ['x', 'y'].map((value) => ({ name: value, value, isRegex: false, isEqual: true }))
      const made = await post(plain({ matchers: [x!, y!] }))
      const startsAt = (await made.record())!.startsAtText
      const other = await post(plain({ id: made.id, startsAt, matchers: [x!] }))
      return [other.status, other.id === made.id]
    }))

  it('moves a pending silence and keeps its id, but not into the past', () =>
    both(async (post) => {
      const made = await post(plain({ startsAt: text(Date.now() + hour / 2) }))
      const moved = await post(plain({ id: made.id, startsAt: text(Date.now() + hour / 3) }))
      const begun = await post(plain({ id: made.id, startsAt: text(Date.now() - hour / 3) }))
      return [moved.id === made.id, begun.id === made.id]
    }))

  it('makes a new silence for the id of an ended one', () =>
    both(async (post, end) => {
      const made = await post(plain())
      const ended = await end(made.id)
      const again = await post(plain({ id: made.id }))
      return [ended.status, again.status, again.id === made.id]
    }))

  it('refuses an end in the past, a start after the end, an unknown id', () =>
    both(async (post, end) => {
      const past = await post(
        plain({ startsAt: text(Date.now() - 2 * hour), endsAt: text(Date.now() - hour) }),
      )
      const turned = await post(plain({ startsAt: text(Date.now() + 2 * hour) }))
      const unknown = await post(plain({ id: '00000000-0000-4000-8000-000000000000' }))
      const gone = await end('00000000-0000-4000-8000-000000000000')
      return [past.status, turned.status, unknown.status, gone.status]
    }))

  it('ends an active and a pending silence, and an ended one once more', () =>
    both(async (post, end) => {
      const active = await post(plain())
      const pending = await post(plain({ startsAt: text(Date.now() + hour / 2) }))
      const statuses = [await end(active.id), await end(pending.id), await end(active.id)]
      return statuses.map(({ status }) => status)
    }))
})

describe.each(['alertmanager', 'alertmanager-0.31'] as const)('a Silence in %s', (tool) => {
  let real: RealAlertmanager
  let inspection: Inspection
  beforeAll(async () => {
    real = await RealAlertmanager.start(cluster, { name: `life-${tool}`, tool })
    inspection = new Inspection([real])
  })
  afterAll(async () => {
    await inspection.stop()
    await real.stop()
  })

  it('is made, extended under its id, exchanged without a gap, and ended', async () => {
    const wish = wishOf('life')
    await inspection.settle([wish])
    const [made] = await liveOf(real)
    expect(tagOf(made!)).toEqual({ ...wish.marker, revision: '1' })
    expect(made!.annotations).toEqual(
      tool === 'alertmanager' ? { roundsman_silence: 'cluster/life/once/1' } : {},
    )

    const longer = { ...wish, revision: '2', window: { ...wish.window, endsAt: wish.window.endsAt + hour } }
    await inspection.settle([longer])
    expect(await liveOf(real)).toMatchObject([{ id: made!.id, endsAt: longer.window.endsAt }])

    const other = { ...longer, revision: '3', matchers: [equal('namespace', 'shop'), equal('target', 'b')] }
    await inspection.settle([other])
    const live = await liveOf(real)
    expect(live).toHaveLength(1)
    expect(live[0]!.id).not.toBe(made!.id)
    expect(live[0]!.matchers).toHaveLength(2)

    await inspection.settle([{ ...other, isDeleted: true }])
    expect(await liveOf(real)).toEqual([])
  })

  it('is not written again once it stands', async () => {
    const wish = wishOf('quiet')
    await inspection.settle([wish])
    expect(inspection.steps([wish])).toMatchObject([{ outcome: 'inPlace', actions: [] }])
    await inspection.settle([{ ...wish, isDeleted: true }])
  })

  it('stays ended by hand until its spec changes', async () => {
    const wish = wishOf('by-hand')
    await inspection.settle([wish])
    const [made] = await liveOf(real)
    answered(await client.expireSilence(real.url, made!.id))
    await inspection.relist()
    expect(inspection.steps([wish])).toMatchObject([{ outcome: 'endedByHand', actions: [] }])
    await inspection.settle([{ ...wish, revision: '2' }])
    expect(await liveOf(real)).toHaveLength(1)
    await inspection.settle([{ ...wish, revision: '2', isDeleted: true }])
  })

  it('leaves a silence of somebody else alone, even with a copied marker', async () => {
    const wish = wishOf('copied')
    await inspection.settle([wish])
    const [made] = await liveOf(real)
    const foreign = await postForeignSilence(real.url)
    const { matchers, comment, annotations, endsAt } = made!
    const copy = { matchers, comment, startsAt: text(Date.now()), endsAt: text(endsAt), createdBy: 'li.na' }
    const copied = answered(
      await client.postSilence(real.url, { ...copy, ...(tool === 'alertmanager' && { annotations }) }),
    )
    await inspection.relist()
    await inspection.settle([{ ...wish, isDeleted: true }])
    expect((await liveOf(real)).map(({ id }) => id).toSorted()).toEqual([foreign, copied].toSorted())
  })
})

describe('an Alertmanager that is killed', () => {
  const count = 500
  let real: RealAlertmanager
  let inspection: Inspection
  beforeAll(async () => {
    real = await RealAlertmanager.start(cluster, { name: 'killed' })
    inspection = new Inspection([real])
  })
  afterAll(async () => {
    await inspection.stop()
    await real.stop()
  })

  it(`has ${count} silences back within 60s, none twice, after it lost them all`, async () => {
    const wishes = Array.from({ length: count }, (_, index) => wishOf(`killed-${index}`))
    await timed(`${count} silences made`, () => inspection.settle(wishes))
    await real.kill()
    await real.start()
    const foreign = await postForeignSilence(real.url)
    expect(await liveOf(real)).toHaveLength(1)
    const { seconds } = await timed(
      `${count} silences restored`,
      () => inspection.settle(wishes),
      'at most 60s',
    )
    expect(seconds).toBeLessThan(60)
    const live = await liveOf(real)
    const byUid = Map.groupBy(live, (silence) => tagOf(silence)?.uid ?? 'foreign')
    expect(byUid.size).toBe(count + 1)
    figure('duplicates', live.length - byUid.size, 'none')
    expect(live).toHaveLength(count + 1)
    expect(byUid.get('foreign')?.[0]?.id).toBe(foreign)
  })
})

describe('two replicas', () => {
  let one: RealAlertmanager
  let two: RealAlertmanager
  let inspection: Inspection
  beforeAll(async () => {
    const flags = ['--cluster.settle-timeout=1s']
    one = await RealAlertmanager.start(cluster, { name: 'peer-1', peers: [], flags })
    two = await RealAlertmanager.start(cluster, { name: 'peer-2', peers: [one], flags })
  })
  afterEach(() => inspection.stop())
  afterAll(async () => {
    await one.stop()
    await two.stop()
  })

  it('hold one silence, and go on holding one when the replica that was written to falls silent', async () => {
    inspection = new Inspection([one, two])
    const wish = wishOf('peers')
    await inspection.settle([wish])
    await eventually('both replicas show the silence', async () => (await liveOf(two)).length === 1)
    one.pause()
    const longer = { ...wish, revision: '2', comment: 'longer' }
    await timed('silence changed while one replica hangs', () => inspection.settle([longer]), 'at most 40s')
    one.goOn()
    for (const replica of [one, two]) {
      await eventually('both replicas agree again', async () => {
        const live = await liveOf(replica)
        expect(live).toHaveLength(1)
        return live[0]!.comment.startsWith('longer')
      })
    }
    await inspection.settle([{ ...longer, isDeleted: true }])
  })
})

it('serves an Alertmanager though another one is down', async () => {
  const up = await RealAlertmanager.start(cluster, { name: 'up' })
  const down = await RealAlertmanager.start(cluster, { name: 'down' })
  await down.kill()
  const inspection = new Inspection([up], [down])
  const wish = wishOf('up')
  await eventually('the one that is up has the silence', async () => {
    await inspection.act([wish])
    return (await liveOf(up)).length === 1
  })
  expect(inspection.steps([wish]).map(({ outcome }) => outcome)).toContain('unknown')
  await down.start()
  await timed('silence made up for', () => inspection.settle([wish]), 'at most 30s')
  expect(await liveOf(down)).toHaveLength(1)
  await inspection.stop()
  await up.stop()
  await down.stop()
})

it('tells that an Alertmanager takes no more silences, and leaves what it has', async () => {
  const full = await RealAlertmanager.start(cluster, { name: 'full', flags: ['--silences.max-silences=1'] })
  const inspection = new Inspection([full])
  await inspection.settle([wishOf('first')])
  await inspection.act([wishOf('second')])
  expect(inspection.refusal('second')).toMatchObject({ permanent: false })
  expect(await liveOf(full)).toHaveLength(1)
  await inspection.stop()
  await full.stop()
})

/** What the control plane does about Silences, and no more: decide on the view, carry out, look again. */
class Inspection {
  readonly #alertmanagers: Alertmanagers

  /** Each of `others` is an Alertmanager of its own; `replicas` are one together. */
  constructor(replicas: readonly RealAlertmanager[], others: readonly RealAlertmanager[] = []) {
    this.#alertmanagers = new Alertmanagers({ clock: systemClock, log: new FakeLog(), onChange: () => {} })
    this.#alertmanagers.setAddresses([
      { name: 'main', urls: replicas.map(({ url }) => url) },
      ...others.map(({ url }) => ({ name: url, urls: [url] })),
    ])
    this.#alertmanagers.start()
  }

  steps(wishes: readonly DesiredSilence[]): readonly SilenceStep[] {
    const seen = this.#alertmanagers.alertmanagers()
    return wishes.flatMap((wish) => seen.map((view) => silenceStep(wish, view, Date.now())))
  }

  refusal(uid: string) {
    return this.#alertmanagers.refusal('main', uid)
  }

  /** One decision for each Silence, each on the view that the one before it left. */
  async act(wishes: readonly DesiredSilence[]): Promise<void> {
    for (const wish of wishes) {
      for (const action of this.steps([wish]).flatMap((step) => step.actions)) {
        if (action.kind === 'post-silence') {
          await this.#alertmanagers.postSilence(action.alertmanager, wish.marker.uid, action.silence)
        } else await this.#alertmanagers.expireSilence(action.alertmanager, action.silenceID)
      }
    }
  }

  /** Until a list that was asked for after the last write shows everything as it is wanted. */
  async settle(wishes: readonly DesiredSilence[]): Promise<void> {
    await eventually(
      'everything is as it is wanted',
      async () => {
        await this.act(wishes)
        await this.relist()
        return this.steps(wishes).every(({ outcome }) => outcome === 'inPlace')
      },
      { withinMs: 60_000 },
    )
  }

  /** Until every Alertmanager that answers has been listed anew. */
  async relist(): Promise<void> {
    const askedAt = Date.now()
    for (const { name } of this.#alertmanagers.alertmanagers()) this.#alertmanagers.refresh(name)
    await eventually('there is a list, or none to be had', () =>
      this.#alertmanagers
        .alertmanagers()
        .every(({ problem, observedAt = 0 }) => problem !== undefined || observedAt >= askedAt),
    )
  }

  stop(): Promise<void> {
    return this.#alertmanagers.stop()
  }
}

function wishOf(uid: string): DesiredSilence {
  const startsAt = Math.floor(Date.now() / 1000) * 1000
  return {
    marker: { clusterId: 'cluster', uid, occurrence: 'once' },
    revision: '1',
    matchers: [equal('namespace', 'shop'), equal('target', uid)],
    window: { startsAt, endsAt: startsAt + hour },
    comment: 'migration',
    isDeleted: false,
  }
}

function equal(name: string, value: string) {
  return { name, value, isRegex: false, isEqual: true }
}

type Reply = { readonly status: number; readonly id: string }
type Made = Reply & { readonly record: () => Promise<RemoteSilence | undefined> }
type Post = (silence: SilencePost) => Promise<Made>
type End = (id: string) => Promise<Reply>

function replyOf(answer: AlertmanagerAnswer<string | undefined>): Reply {
  if (answer.kind === 'unreachable') throw new Error(answer.message)
  return answer.kind === 'ok' ? { status: 200, id: answer.value ?? '' } : { status: answer.status, id: '' }
}

function fakeReply(reply: ReturnType<AlertmanagerStore['post']>): Reply {
  return { status: reply.status, id: reply.status === 200 ? reply.silenceID : '' }
}

/** What a case sees of one server, and the states in which it leaves the silences it made, oldest first. */
async function observed(
  act: (post: Post, end: End) => Promise<readonly (number | boolean)[]>,
  server: {
    readonly post: (silence: SilencePost) => Promise<Reply>
    readonly end: End
    readonly list: () => Promise<readonly RemoteSilence[]>
  },
): Promise<readonly unknown[]> {
  const ids: string[] = []
  const record = async (id: string) => (await server.list()).find((silence) => silence.id === id)
  const post: Post = async (silence) => {
    const reply = await server.post(silence)
    if (reply.id !== '' && !ids.includes(reply.id)) ids.push(reply.id)
    return { ...reply, record: () => record(reply.id) }
  }
  const seen = await act(post, server.end)
  return [seen, await Promise.all(ids.map(async (id) => (await record(id))?.state))]
}

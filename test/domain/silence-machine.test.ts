import { describe, expect, it } from 'vitest'
import type { RemoteSilence } from '../../src/domain/remote-silence.ts'
import { type DesiredSilence, orphanedSilences, silenceStep } from '../../src/domain/silence-machine.ts'
import { taggedComment } from '../../src/domain/silence-marker.ts'

const now = Date.parse('2026-01-01T12:00:00Z')
const minute = 60_000
const marker = { clusterId: 'cluster', uid: 'uid', occurrence: 'once' }
const matchers = [
  { name: 'namespace', value: 'shop', isRegex: false, isEqual: true },
  { name: 'target', value: 'a|b', isRegex: true, isEqual: true },
]

function desired(changes: Partial<DesiredSilence> = {}): DesiredSilence {
  const window = { startsAt: now - 10 * minute, endsAt: now + 10 * minute }
  return { marker, revision: '1', matchers, window, comment: 'migration', isDeleted: false, ...changes }
}

function recorded(changes: Partial<RemoteSilence> = {}): RemoteSilence {
  const startsAt = changes.startsAt ?? now - 10 * minute
  return {
    id: 'a',
    state: 'active',
    matchers,
    startsAt,
    startsAtText: new Date(startsAt).toISOString().replace('Z', '+00:00'),
    endsAt: now + 10 * minute,
    createdBy: 'roundsman',
    comment: taggedComment('migration', { ...marker, revision: '1' }),
    annotations: {},
    ...changes,
  }
}

function check(silences: readonly RemoteSilence[], wish: DesiredSilence = desired(), version = '0.34.2') {
  return silenceStep(wish, { name: 'main', version, silences }, now)
}

const posted = (step: ReturnType<typeof check>) =>
  step.actions.flatMap((action) => (action.kind === 'post-silence' ? [action.silence] : []))
const expired = (step: ReturnType<typeof check>) =>
  step.actions.flatMap((action) => (action.kind === 'expire-silence' ? [action.silenceID] : []))

describe('a silence that is wanted', () => {
  it('is made when the list shows none', () => {
    const step = check([])
    expect(step.outcome).toBe('acting')
    expect(posted(step)).toEqual([
      {
        matchers,
        startsAt: '2026-01-01T11:50:00.000Z',
        endsAt: '2026-01-01T12:10:00.000Z',
        createdBy: 'roundsman',
        comment: 'migration [roundsman cluster/uid/once/1]',
        annotations: { roundsman_silence: 'cluster/uid/once/1' },
      },
    ])
  })

  it('carries no annotations before Alertmanager 0.32, nor while the version is not known', () => {
    for (const version of ['0.31.1', '0.25.0', '']) {
      expect(posted(check([], desired(), version))[0]).not.toHaveProperty('annotations')
    }
    expect(posted(check([], desired(), '1.0.0-rc.1'))[0]).toHaveProperty('annotations')
  })

  it('is left alone when the list shows it', () => {
    const step = check([recorded({ startsAt: now - 3 * minute, matchers: matchers.toReversed() })])
    expect(step).toEqual({
      actions: [],
      status: { name: 'main', silenceID: 'a', state: 'active', problem: '' },
      outcome: 'inPlace',
    })
  })

  it('keeps its id when only the end moves: stored start and stored order of matchers are sent back', () => {
    const stored = recorded({ matchers: matchers.toReversed(), endsAt: now + minute })
    expect(posted(check([stored]))[0]).toMatchObject({
      id: 'a',
      startsAt: stored.startsAtText,
      endsAt: '2026-01-01T12:10:00.000Z',
      matchers: matchers.toReversed(),
    })
  })

  it('keeps its id when only the comment changes', () => {
    const step = check([recorded()], desired({ comment: 'longer migration', revision: '2' }))
    expect(posted(step)[0]).toMatchObject({
      id: 'a',
      comment: 'longer migration [roundsman cluster/uid/once/2]',
    })
  })

  it('is exchanged under the old id when its matchers differ', () => {
    const step = check([recorded({ matchers: matchers.slice(0, 1) })])
    expect(posted(step)[0]).toMatchObject({ id: 'a', matchers, startsAt: '2026-01-01T11:50:00.000Z' })
  })

  it('is exchanged when its start moves into the future, and a start that has begun is not looked at', () => {
    const window = { startsAt: now + minute, endsAt: now + 10 * minute }
    expect(posted(check([recorded()], desired({ window })))[0]).toMatchObject({
      id: 'a',
      startsAt: '2026-01-01T12:01:00.000Z',
    })
  })

  it('is moved while it is pending', () => {
    const pending = recorded({ state: 'pending', startsAt: now + 5 * minute })
    expect(posted(check([pending]))[0]).toMatchObject({ id: 'a', startsAt: '2026-01-01T11:50:00.000Z' })
  })

  it('is kept once when it is there several times: the best fit, then the smallest id', () => {
    const step = check([
      recorded({ id: 'c' }),
      recorded({ id: 'b' }),
      recorded({ id: 'a', matchers: [] }),
      recorded({ id: '0', endsAt: now + minute }),
    ])
    expect(posted(step)).toEqual([])
    expect(expired(step)).toEqual(['c', '0', 'a'])
    expect(step.status.silenceID).toBe('b')
  })
})

describe('a silence that somebody ended by hand', () => {
  const ended = recorded({ state: 'expired', endsAt: now - minute })

  it('stays ended, and that is said', () => {
    expect(check([ended])).toMatchObject({
      actions: [],
      outcome: 'endedByHand',
      status: { silenceID: 'a', state: 'expired', problem: expect.stringContaining('ended by hand') },
    })
  })

  it('is made again when the spec changes', () => {
    expect(posted(check([ended], desired({ revision: '2' })))).toHaveLength(1)
  })

  it('is not taken for one that ended in its own time', () => {
    const wish = desired({
      window: { startsAt: now - 10 * minute, endsAt: now + 10 * minute },
      revision: '2',
    })
    const step = check([recorded({ state: 'expired', endsAt: now - minute })], wish)
    expect(step.outcome).toBe('acting')
  })

  it('does not count while another one of ours is live', () => {
    expect(check([ended, recorded({ id: 'b' })]).outcome).toBe('inPlace')
  })
})

describe('a silence that is over', () => {
  it('is ended when its window is', () => {
    const window = { startsAt: now - 10 * minute, endsAt: now }
    expect(expired(check([recorded()], desired({ window })))).toEqual(['a'])
    expect(check([], desired({ window })).outcome).toBe('inPlace')
  })

  it('is ended with all its windows when the Silence is deleted', () => {
    const other = recorded({
      id: 'b',
      state: 'pending',
      comment: taggedComment('x', { ...marker, occurrence: '2026-02-01', revision: '7' }),
    })
    expect(expired(check([recorded(), other], desired({ isDeleted: true }))).toSorted()).toEqual(['a', 'b'])
    expect(check([recorded({ state: 'expired' })], desired({ isDeleted: true })).outcome).toBe('inPlace')
  })
})

describe('without a fresh list', () => {
  it('nothing is sent and the last known state is shown', () => {
    const problem = { message: 'Alertmanager main does not answer' }
    const step = silenceStep(
      desired({ isDeleted: true }),
      { name: 'main', silences: [recorded()], problem },
      now,
    )
    expect(step).toEqual({
      actions: [],
      status: { name: 'main', silenceID: 'a', state: 'active', problem: problem.message },
      outcome: 'unknown',
    })
  })

  it('an Alertmanager that never answered is unknown', () => {
    expect(silenceStep(desired(), { name: 'main' }, now)).toMatchObject({ actions: [], outcome: 'unknown' })
  })
})

it('tells the refusal of the last write for as long as it is not in place', () => {
  const refusal = { message: 'exceeded maximum number of silences' }
  const seen = { name: 'main', silences: [], refusal }
  expect(silenceStep(desired(), seen, now).status.problem).toBe(refusal.message)
  expect(silenceStep(desired(), { ...seen, silences: [recorded()] }, now).status.problem).toBe('')
})

it('never touches a silence of somebody else, not even one with a copied marker', () => {
  const copied = recorded({ createdBy: 'li.na' })
  const otherCluster = recorded({
    comment: taggedComment('x', { ...marker, clusterId: 'other', revision: '1' }),
  })
  const step = check([copied, otherCluster], desired({ isDeleted: true }))
  expect(step.actions).toEqual([])
  expect(orphanedSilences({ silences: [copied, otherCluster] }, 'cluster', new Set())).toEqual([])
})

it('finds the orphans of our cluster', () => {
  const silences = [recorded(), recorded({ id: 'b', state: 'expired' })]
  expect(orphanedSilences({ silences }, 'cluster', new Set())).toEqual([{ silenceID: 'a', uid: 'uid' }])
  expect(orphanedSilences({ silences }, 'cluster', new Set(['uid']))).toEqual([])
})

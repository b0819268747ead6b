import { describe, expect, test } from 'vitest'
import { ageText, sentenceOf, standingOf } from '../../src/cli/standing.ts'
import type { KubeObject } from '../../src/domain/kube-object.ts'
import type { ProbeReport } from '../../src/domain/probe-entry.ts'
import { initialState } from '../../src/domain/verdict.ts'
import { alert, now, standing, target } from './standing-builders.ts'

function object(name: string, status: unknown): KubeObject {
  const metadata = { name, namespace: 'shop' }
  return { apiVersion: 'roundsman.dev/v1alpha1', kind: 'InspectionTarget', metadata, spec: {}, status }
}

const found = (verdict: string, since: string, message = '') => ({ verdict, since, message })
const targetsOf = (...objects: KubeObject[]) =>
  standingOf({ targets: objects, reportOf: () => undefined, alerts: [], receivers: [], problems: [] }).targets

describe('how a target stands', () => {
  test('is its verdict, since when and why', () => {
    expect(targetsOf(object('a', found('Unhealthy', '2026-11-22T15:00:00Z', 'got 503')))).toEqual([
      {
        namespace: 'shop',
        name: 'a',
        verdict: 'Unhealthy',
        since: Date.UTC(2026, 10, 22, 15),
        why: 'got 503',
      },
    ])
  })

  test('is Waiting before anything was found', () => {
    expect(targetsOf(object('a', undefined))).toEqual([
      { namespace: 'shop', name: 'a', verdict: 'Waiting', why: '' },
    ])
  })

  test('is Invalid with the reason when its spec cannot be used', () => {
    const conditions = [
      {
        type: 'Ready',
        status: 'False',
        message: 'spec.http: url is missing',
        lastTransitionTime: '2026-11-22T15:00:00Z',
      },
    ]
    expect(targetsOf(object('a', { ...found('Healthy', ''), conditions }))[0]).toMatchObject({
      verdict: 'Invalid',
      why: 'spec.http: url is missing',
    })
  })
})

describe('a status that is late, for it is written once a minute while a target flaps', () => {
  const late = object('a', found('Degraded', '2026-11-22T15:00:00Z', 'got 200 after 1.5s'))
  const state = {
    ...initialState(now),
    verdict: 'Unhealthy',
    reason: 'HttpStatus',
    message: 'got 503',
  } as const
  const decided = { time: now, from: 'Degraded', to: 'Unhealthy', reason: 'HttpStatus' } as const
  const targetOf = (report: ProbeReport) =>
    standingOf({ targets: [late], reportOf: () => report, alerts: [], receivers: [], problems: [] })
      .targets[0]

  test('gives way to what the prober found', () => {
    expect(targetOf({ state, transitions: [decided] })).toMatchObject({
      verdict: 'Unhealthy',
      since: now,
      why: 'got 503',
    })
  })

  test('holds after a restart until the prober has decided', () => {
    expect(targetOf({ state: initialState(now), transitions: [] })).toMatchObject({ verdict: 'Degraded' })
  })

  test('knows better since when a verdict holds that the prober came to anew', () => {
    const degraded = { ...state, verdict: 'Degraded' } as const
    expect(targetOf({ state: degraded, transitions: [decided] })?.since).toBe(Date.UTC(2026, 10, 22, 15))
  })
})

test('the worst come first, each kind with the longest first', () => {
  const at = (minute: number) => `2026-11-22T15:0${minute}:00Z`
  const order = targetsOf(
    object('fine', found('Healthy', at(0))),
    object('late', found('Unhealthy', at(5))),
    object('early', found('Unhealthy', at(1))),
    object('unknown', found('Unknown', at(0))),
    object('slow', found('Degraded', at(0))),
    object('asleep', found('Suspended', at(0))),
  )
  expect(order.map(({ name }) => name)).toEqual(['early', 'late', 'slow', 'unknown', 'asleep', 'fine'])
})

test('an alert that only pends is not shown', () => {
  const alerts = [alert('a'), alert('b', { state: 'pending' })]
  const now = { targets: [], reportOf: () => undefined, alerts, receivers: [], problems: [] }
  expect(standingOf(now).alerts).toHaveLength(1)
})

describe('the sentence', () => {
  test.each([
    [standing(), 'no target is declared'],
    [standing({ targets: [target('a'), target('b')] }), 'all 2 targets are healthy'],
    [
      standing({ targets: [target('a'), target('b', { verdict: 'Suspended' })] }),
      '1 target is healthy, 1 suspended',
    ],
    [
      standing({ targets: [target('a', { verdict: 'Unhealthy', since: now - 840_000 }), target('b')] }),
      '1 of 2 targets is not healthy, the longest for 14m',
    ],
    [
      standing({
        targets: [
          { namespace: 'shop', name: 'a', verdict: 'Waiting', why: '' },
          target('b', { verdict: 'Unknown' }),
        ],
        alerts: [alert('b')],
      }),
      '2 of 2 targets are not healthy, the longest for 3h, 1 alert fires',
    ],
  ])('%#', (shown, sentence) => {
    expect(sentenceOf(shown, now)).toBe(sentence)
  })
})

test.each([
  [-5, '0s'],
  [45_999, '45s'],
  [119_000, '119s'],
  [120_000, '2m'],
  [7_199_000, '119m'],
  [7_200_000, '2h'],
  [172_800_000, '2d'],
])('%i ms are told as %s', (ms, text) => {
  expect(ageText(ms)).toBe(text)
})

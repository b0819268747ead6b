import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../../src/domain/kube-object.ts'
import { conditions, notReady, wholeSeconds } from '../../src/reconcile/conditions.ts'

const now = Date.UTC(2026, 0, 1, 12, 0, 0, 789)

function object(stored: readonly object[]): KubeObject {
  return {
    apiVersion: 'x',
    kind: 'AlertPolicy',
    metadata: { name: 'p', generation: 4 },
    status: { conditions: stored },
  }
}

const wanted = { type: 'Ready', status: 'True', reason: 'Accepted', message: 'fine' } as const

describe('conditions', () => {
  test('keep the time of their last change while the status lasts, whatever else changes', () => {
    const before = { ...wanted, reason: 'Other', lastTransitionTime: '2025-12-31T00:00:00Z' }
    expect(conditions(object([before]), [wanted], now)).toMatchObject([
      { lastTransitionTime: '2025-12-31T00:00:00Z' },
    ])
  })

  test('take the time of now, in whole seconds, when the status changes', () => {
    const before = { ...wanted, status: 'False', lastTransitionTime: '2025-12-31T00:00:00Z' }
    expect(conditions(object([before]), [wanted], now)).toMatchObject([
      { lastTransitionTime: '2026-01-01T12:00:00Z' },
    ])
    expect(wholeSeconds(now)).toBe('2026-01-01T12:00:00Z')
  })

  test('carry the generation that was acted on', () => {
    expect(conditions(object([]), [wanted], now)).toMatchObject([{ observedGeneration: 4 }])
  })

  test('read a damaged status as none', () => {
    expect(conditions({ ...object([]), status: { conditions: 'x' } }, [wanted], now)).toHaveLength(1)
  })

  test('for a lasting error are what kstatus calls failed, for a wait what it calls progress', () => {
    expect(
      notReady({ kind: 'stalled', reason: 'InvalidSpec', message: 'm' }).map(({ type }) => type),
    ).toEqual(['Ready', 'Stalled'])
    expect(notReady({ kind: 'waiting', reason: 'NoTargets', message: 'm' }).map(({ type }) => type)).toEqual([
      'Ready',
      'Reconciling',
    ])
  })
})

import { expect, it } from 'vitest'
import type { SilenceSpec } from '../../src/api/v1alpha1/silence.ts'
import { nextWindowChange, silenceWindow, windowState } from '../../src/domain/silence-window.ts'

const createdAt = Date.parse('2026-01-01T12:00:00Z')
const at = (text: string) => Date.parse(`2026-01-01T${text}Z`)

function windowOf(spec: Partial<SilenceSpec>) {
  return silenceWindow({ comment: 'x', ...spec }, createdAt)
}

it('lasts from its creation for its duration', () => {
  expect(windowOf({ duration: '2h' })).toEqual({ startsAt: createdAt, endsAt: at('14:00:00') })
})

it('lasts from its start, in whole seconds, whatever zone it is written in', () => {
  expect(windowOf({ startsAt: '2026-01-01T21:00:00.9+08:00', duration: '1m500ms' })).toEqual({
    startsAt: at('13:00:00'),
    endsAt: at('13:01:00'),
  })
  expect(windowOf({ endsAt: '2026-01-01T13:00:00Z' })).toEqual({
    startsAt: createdAt,
    endsAt: at('13:00:00'),
  })
})

it('is empty and over when its end lies before its creation', () => {
  const window = windowOf({ endsAt: '2026-01-01T11:00:00Z' })
  expect(window).toEqual({ startsAt: at('11:00:00'), endsAt: at('11:00:00') })
  expect(windowState(window, createdAt)).toBe('Expired')
})

it('holds from its first instant to just before its end, and says when that changes', () => {
  const window = { startsAt: at('13:00:00'), endsAt: at('14:00:00') }
  const seen = ['12:59:59.999', '13:00:00', '13:59:59.999', '14:00:00'].map((text) => [
    windowState(window, at(text)),
    nextWindowChange(window, at(text)),
  ])
  expect(seen).toEqual([
    ['Pending', window.startsAt],
    ['Active', window.endsAt],
    ['Active', window.endsAt],
    ['Expired', undefined],
  ])
})

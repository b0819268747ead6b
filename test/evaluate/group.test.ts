import { describe, expect, test } from 'vitest'
import { Group } from '../../src/evaluate/group.ts'
import type { Alert } from '../../src/evaluate/ports.ts'
import { firing, resolved } from './builders.ts'

const repeatMs = 10_000

function group(...alerts: readonly Alert[]): Group {
  const made = new Group({ key: 'k', receiver: 'hook', labels: new Map(), flushAtMs: 0 })
  for (const alert of alerts) made.put(alert)
  return made
}

function message(of: Group, atMs = 0, muted: readonly string[] = []) {
  const isMuted = ({ labels }: Alert) => muted.includes(labels.get('target') ?? '')
  return of.messageAt({ atMs, repeatMs, isMuted })
}

/** Tells what is due, as delivered. */
function tell(of: Group, atMs = 0, muted: readonly string[] = []) {
  const due = message(of, atMs, muted)
  if (due !== undefined) of.delivered(due, atMs)
  return due === undefined
    ? undefined
    : `${due.why}: ${due.alerts.map(({ status, labels }) => `${status} ${labels.get('target')}`).join(', ')}`
}

const cart = firing({ target: 'cart', severity: 'warning', startsAt: 1 })
const checkout = firing({ target: 'checkout', startsAt: 5 })
const orders = firing({ target: 'orders', startsAt: 3 })

test('puts the worst first, of equal ones the oldest', () => {
  expect(tell(group(cart, checkout, orders))).toBe('first: firing orders, firing checkout, firing cart')
})

test('tells an alert once, its end once, and again when it repeats', () => {
  const told = group(checkout)
  expect(tell(told)).toBe('first: firing checkout')
  expect(tell(told)).toBeUndefined()
  expect(tell(told, repeatMs)).toBe('repeat: firing checkout')
  told.put(resolved(checkout, 9))
  expect(tell(told)).toBe('resolved: resolved checkout')
  expect(told.isEmpty).toBe(true)
})

test('counts its reminders until there is news', () => {
  const told = group(checkout)
  tell(told)
  expect(message(told, repeatMs)?.repeat).toBe(1)
  tell(told, repeatMs)
  expect(message(told, 2 * repeatMs)?.repeat).toBe(2)
  told.put(orders)
  expect(message(told, 2 * repeatMs)?.repeat).toBe(0)
})

test('an alert that came and went before the first message is forgotten', () => {
  const brief = group(checkout)
  brief.put(resolved(checkout, 9))
  expect(tell(brief)).toBeUndefined()
  expect(brief.isEmpty).toBe(true)
})

test('the end of an alert it does not hold is no news', () => {
  const empty = group(resolved(checkout, 9))
  expect(empty.isEmpty).toBe(true)
})

describe('silenced alerts', () => {
  test('are not told, and are news when the silence is over', () => {
    const quiet = group(checkout)
    expect(tell(quiet, 0, ['checkout'])).toBeUndefined()
    expect(tell(quiet)).toBe('first: firing checkout')
  })

  test('are left out of the message about the others', () => {
    const half = group(checkout, orders)
    expect(tell(half, 0, ['orders'])).toBe('first: firing checkout')
    expect(tell(half)).toBe('more-firing: firing orders, firing checkout')
  })

  test('that end under the silence are told neither then nor later, and are news when they fire again', () => {
    const quiet = group(checkout)
    tell(quiet)
    quiet.put(resolved(checkout, 9))
    expect(tell(quiet, 0, ['checkout'])).toBeUndefined()
    expect(quiet.isEmpty).toBe(true)
    quiet.put(firing({ startsAt: 20 }))
    expect(tell(quiet)).toBe('more-firing: firing checkout')
  })

  test('that were told before are no news when the silence is over', () => {
    const quiet = group(checkout)
    tell(quiet)
    expect(tell(quiet, 0, ['checkout'])).toBeUndefined()
    expect(tell(quiet)).toBeUndefined()
  })
})

describe('a message that failed', () => {
  test('is due again, with what has come since', () => {
    const failing = group(checkout)
    failing.failed(message(failing)!, false)
    expect(failing.failures).toBe(1)
    failing.put(orders)
    expect(tell(failing)).toBe('first: firing orders, firing checkout')
    expect(failing.failures).toBe(0)
  })

  test('is told as resolved when the alert has ended meanwhile: nobody may never hear of it', () => {
    const failing = group(checkout)
    failing.failed(message(failing)!, false)
    failing.put(resolved(checkout, 9))
    expect(tell(failing)).toBe('resolved: resolved checkout')
    expect(failing.isEmpty).toBe(true)
  })

  test('is marked once it may have arrived, until a delivery', () => {
    const failing = group(checkout)
    failing.failed(message(failing)!, true)
    failing.failed(message(failing)!, false)
    expect(message(failing)?.mayBeRepeat).toBe(true)
    tell(failing)
    failing.put(orders)
    expect(message(failing)?.mayBeRepeat).toBe(false)
  })

  test('gives up only ends that are too old, and only while deliveries fail', () => {
    const failing = group(checkout, orders)
    failing.put(resolved(checkout, 9))
    expect(failing.expire(10)).toBe(0)
    failing.failed(message(failing)!, false)
    expect(failing.expire(9)).toBe(0)
    expect(failing.expire(10)).toBe(1)
    expect(tell(failing)).toBe('first: firing orders')
  })
})

test('what happens while a message is on its way is told by the next one', () => {
  const busy = group(checkout)
  const first = message(busy)!
  busy.put(resolved(checkout, 9))
  busy.delivered(first, 0)
  const second = message(busy)!
  expect(second.why).toBe('resolved')
  busy.put(firing({ startsAt: 20 })) // Fires anew while the end is on its way.
  busy.delivered(second, 0)
  expect(tell(busy)).toBe('more-firing: firing checkout')
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { webhookBody } from '../../../src/notify/messages/webhook-body.ts'
import { notification, reference } from '../world.ts'
import { goldenTests } from './golden-cases.ts'

goldenTests('webhook.json', (message) => {
  const body = JSON.parse(webhookBody(message))
  // Of very many alerts the first tells what the others are like.
  const alerts = body.alerts.length > 9 ? [body.alerts[0], `and ${body.alerts.length - 1} more`] : body.alerts
  return `${JSON.stringify({ ...body, alerts }, undefined, 2)}\n`
})

const text = fc.string({ unit: 'binary' })
const pairs = fc.uniqueArray(
  fc.tuple(fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toString'), text), text),
  {
    selector: ([name]) => name,
  },
)

test('no label changes the shape of the body, and every label arrives as it is', () => {
  const receiver = { name: 'hook', webhook: { urlFrom: reference('keys', 'url') } }
  fc.assert(
    fc.property(pairs, pairs, (labels, annotations) => {
      const alert = { status: 'firing' as const, startsAt: 0, fingerprint: 'f' }
      const alerts = [{ ...alert, labels: new Map(labels), annotations: new Map(annotations) }]
      const body = JSON.parse(webhookBody(notification(receiver, { alerts })))
      expect(Object.keys(body)).toEqual([
        'receiver',
        'status',
        'version',
        'groupKey',
        'truncatedAlerts',
        'externalURL',
        'groupLabels',
        'commonLabels',
        'commonAnnotations',
        'alerts',
      ])
      const arrived = (object: object) => Object.entries(object).toSorted(([a], [b]) => (a < b ? -1 : 1))
      const wellFormed = (all: readonly [string, string][]) =>
        arrived(Object.fromEntries(JSON.parse(JSON.stringify(all)) as [string, string][]))
      expect(arrived(body.alerts[0].labels)).toEqual(wellFormed(labels))
      expect(arrived(body.commonAnnotations)).toEqual(wellFormed(annotations))
    }),
  )
})

test('what all alerts share is common, what differs is not', () => {
  const receiver = { name: 'hook', webhook: { urlFrom: reference('keys', 'url') } }
  const alert = { status: 'firing' as const, annotations: new Map(), startsAt: 0, fingerprint: 'f' }
  const alerts = [
    {
      ...alert,
      labels: new Map([
        ['a', '1'],
        ['b', '1'],
        ['c', '1'],
      ]),
    },
    {
      ...alert,
      labels: new Map([
        ['a', '1'],
        ['b', '2'],
      ]),
    },
  ]
  expect(JSON.parse(webhookBody(notification(receiver, { alerts }))).commonLabels).toEqual({ a: '1' })
})

import { expect, test } from 'vitest'
import { type TableOptions, tableLines } from '../../src/cli/table.ts'
import { alert, now, problem, receiver, standing, target } from './standing-builders.ts'

const options: TableOptions = { now, width: 100, height: 40, isColour: false, footer: ['results http://x/'] }

const busy = standing({
  targets: [
    target('checkout', {
      verdict: 'Unhealthy',
      since: now - 840_000,
      why: 'expected 2xx, got 503\nfrom 10.2.3.4',
    }),
    { namespace: 'infra', name: 'new', verdict: 'Waiting', why: '' },
    target('payments'),
  ],
  alerts: [
    alert('checkout'),
    alert('payments', { severity: 'warning', alert: 'TargetSlow', silencedBy: ['night', 'move'] }),
  ],
  receivers: [
    receiver('inbox', { lastDeliveryAt: now - 61_000 }),
    receiver('mail', {
      failingSince: now,
      lastFailure: { at: now, reason: 'SecretMissing', message: 'key password of Secret mail is missing' },
    }),
  ],
  problems: [problem],
})

test('shows what is wrong, who was told and where to look', () => {
  expect(`${tableLines(busy, options).join('\n')}\n`).toMatchInlineSnapshot(`
    "2 of 3 targets are not healthy, the longest for 14m, 2 alerts fire

    NAMESPACE  NAME      VERDICT      SINCE  WHY
    shop       checkout  ✗ Unhealthy  14m    expected 2xx, got 503 from 10.2.3.4
    infra      new       ◎ Waiting    -
    shop       payments  ✔ Healthy    3h

    SEVERITY  ALERT       TARGET         FIRING  WHAT
    critical  TargetDown  shop/checkout  4m      checkout is down
    warning   TargetSlow  shop/payments  4m      silenced by night, move

    RECEIVER  POLICY      LAST TOLD  TROUBLE
    inbox     shop/front  61s ago    -
    mail      shop/front  -          ✗ SecretMissing: key password of Secret mail is missing

    ✗ a.yaml:3: cannot be read as YAML: bad indentation

    results http://x/
    "
  `)
})

test('puts colour beside the words, never instead of them', () => {
  const text = tableLines(busy, { ...options, isColour: true }).join('\n')
  expect(text).toContain('\u001b[31m✗ Unhealthy\u001b[0m')
})

test('keeps to the size of the terminal, and tells what it left out', () => {
  const many = standing({
    targets: [
      ...Array.from({ length: 30 }, (_, number) => target(`t${number}`)),
      target('z', { verdict: 'Suspended' }),
    ],
  })
  const lines = tableLines(many, { ...options, height: 12, width: 30 })
  expect(lines).toHaveLength(12)
  expect(lines).toContain('… and 1 Suspended, 24 Healthy')
  expect(lines.every((line) => line.length <= 30)).toBe(true)
})

test('says in one sentence that there is nothing to show', () => {
  expect(tableLines(standing(), { ...options, footer: [] })[0]).toBe('no target is declared')
})

import { expect, test } from 'vitest'
import { titleOf } from '../../../src/notify/messages/title.ts'
import { languages } from '../../../src/notify/messages/words.ts'
import { firing, resolved } from '../../evaluate/builders.ts'
import { notification, reference } from '../world.ts'

const receiver = { name: 'hook', webhook: { urlFrom: reference('keys', 'url') } }
const critical = firing({ severity: 'critical' })
const warning = firing({ severity: 'warning', target: 'cart' })

test.each([
  ['counts what fires and names the worst', [warning, critical], '[FIRING:2] critical shop/front'],
  ['counts what is resolved', [resolved(warning, 1)], '[RESOLVED:1] warning shop/front'],
  [
    'counts both; the severity is of what fires',
    [warning, resolved(critical, 1)],
    '[FIRING:1, RESOLVED:1] warning shop/front',
  ],
  ['leaves out a severity that is none of ours', [firing({ severity: 'fatal\n' })], '[FIRING:1] shop/front'],
  ['is not misled by names of the language', [firing({ severity: 'constructor' })], '[FIRING:1] shop/front'],
])('%s', (_name, alerts, title) => {
  expect(titleOf(notification(receiver, { alerts }), languages.en)).toBe(title)
})

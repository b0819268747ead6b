import { expect, test } from 'vitest'
import { conditionReasons } from '../../../src/api/v1alpha1/conditions.ts'
import { referencePage } from '../../../src/api/v1alpha1/reference.ts'

const page = referencePage()

test('a field is told with its type, what it does, and whether it must be set', () => {
  expect(page).toContain(
    '| `rules[].latency.quantile` * | text | Which quantile of the latencies is judged: a quoted number above 0 and up to 1, for example "0.95". |',
  )
  expect(page).toContain('| `matchers[].matchType` | `=`, `!=`, `=~`, `!~` |')
})

test('what no type can say stands below the fields', () => {
  expect(page).toContain('- `timeout`: timeout must not be longer than interval (30s where it is not set)')
})

test('every reason has its sentence', () => {
  for (const [reason, sentence] of Object.entries(conditionReasons))
    expect(page).toContain(`| \`${reason}\` | ${sentence} |`)
})

// Builders of samples for the tests of rules: one target, times in seconds.
import type { ScrapedTarget } from '../../../src/domain/judged-policy.ts'
import type { TimedSample } from '../../../src/domain/rules/rule-face.ts'

export function sample(second: number, changes: Partial<ScrapedTarget> = {}): TimedSample {
  return {
    atMs: second * 1000,
    scraped: {
      namespace: 'shop',
      target: 'checkout',
      verdict: 'Healthy',
      message: '',
      probesTotal: { ok: 0, degraded: 0, failed: 0, unknown: 0 },
      ...changes,
    },
  }
}

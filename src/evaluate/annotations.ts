// What an alert of Direct delivery says: the rule's own texts, as Prometheus would print them, and the numbers only a local judge can add.
import type { RuleDefinition, ScrapedTarget } from '../domain/judged-policy.ts'
import { alertTexts } from '../domain/rules/registry.ts'
import type { Judgement, RuleKind, RuleOf } from '../domain/rules/rule-face.ts'

/** `summary`, `description` and, while the target's last probe was not ok, `reason`: the enumerated word and the probe's sentence. */
export function annotationsOf(options: {
  readonly rule: RuleDefinition
  readonly names: { readonly namespace: string; readonly target: string }
  readonly judgement: Judgement
  readonly scraped: ScrapedTarget | undefined
}): ReadonlyMap<string, string> {
  const { rule, names, judgement, scraped } = options
  const texts = alertTexts(rule, names)
  const figure = judgement.value === undefined ? undefined : printFigure(rule, judgement.value)
  const reason = reasonOf(scraped)
  return new Map([
    ['summary', texts.summary],
    ['description', figure === undefined ? texts.description : `${texts.description}; ${figure}`],
    ...(reason === undefined ? [] : [['reason', reason] as const]),
  ])
}

/** Said of an alert that ends because nobody judges it any more: it is no sign that the target is well. */
export const withdrawnReason =
  'the rule, its target or its policy was taken away, so this is no longer judged'

/** What was found, in the unit of the rule; undefined where the rule has no figure. */
const figures: { readonly [Kind in RuleKind]: (rule: RuleOf<Kind>, value: number) => string | undefined } = {
  down: () => undefined, // Its value is 1, which tells nothing.
  latency: (rule, seconds) =>
    `expected at most ${printSeconds(rule.aboveSeconds)}, got ${printSeconds(seconds)}`,
}

function printFigure<Kind extends RuleKind>(rule: RuleOf<Kind>, value: number): string | undefined {
  // The compiler cannot see that a rule and the function found by its own kind belong together; the table's type says so.
  const figure = figures[rule.kind] as unknown as (rule: RuleOf<Kind>, value: number) => string | undefined
  return figure(rule, value)
}

function reasonOf(scraped: ScrapedTarget | undefined): string | undefined {
  if (scraped?.failureReason === undefined) return undefined
  return scraped.message === '' ? scraped.failureReason : `${scraped.failureReason}: ${scraped.message}`
}

/** To the millisecond: `912ms`, `1.235s`. */
function printSeconds(seconds: number): string {
  const ms = Math.round(seconds * 1_000)
  return ms < 1_000 ? `${ms}ms` : `${ms / 1_000}s`
}

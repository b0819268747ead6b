// What every kind of rule must be able to do. One definition has two faces, PromQL for Prometheus and a judge for Direct delivery,
// which give the same answer at the same instant over the same samples.
import type { Rule } from '../../api/v1alpha1/alert-policy.ts'
import type { Instant } from '../clock.ts'
import type { RuleDefinition, ScrapedTarget } from '../judged-policy.ts'
import type { Expression } from '../promql.ts'
import type { AlertNames, AlertTexts } from './alert-identity.ts'

export type RuleKind = RuleDefinition['kind']
export type RuleOf<Kind extends RuleKind> = Extract<RuleDefinition, { readonly kind: Kind }>

/** What one scrape read of one target. */
export type TimedSample = {
  readonly atMs: Instant
  readonly scraped: ScrapedTarget | undefined // Undefined: the exposition had no such target; Prometheus marks its series stale then.
}

export type Judgement = {
  readonly fires: boolean // Pending and `for` are the caller's, as they are Prometheus' and not its expression's.
  readonly value?: number // What `$value` would be; absent while it does not fire or is merely held.
}

/** Which series a rule speaks of. */
export type RuleScope = {
  readonly namespace: string
  readonly policy: string // The policy's name.
  readonly targets: readonly string[] // Sorted, never empty.
}

/** A target as far as computed defaults need it. */
export type RuleTarget = { readonly name: string; readonly intervalMs: number }

/** The fields of a definition that its kind alone decides. */
type KindFields<Kind extends RuleKind> = Kind extends RuleKind
  ? Omit<RuleOf<Kind>, 'name' | 'alert' | 'severity'>
  : never // Distributes over several kinds.

export type RuleFace<Kind extends RuleKind> = {
  readonly defaultAlert: string
  /** Fills in computed defaults; a problem is the end of a sentence that begins with the rule's name. */
  resolve(
    member: NonNullable<Rule[Kind]>,
    targets: readonly RuleTarget[],
  ): { readonly fields: KindFields<Kind> } | { readonly problem: string }
  /** True for a series exactly while `judge` fires for its target. */
  expression(definition: RuleOf<Kind>, scope: RuleScope): Expression
  /** How old a sample may be and still matter. */
  lookbackMs(definition: RuleOf<Kind>): number
  /** As `judgeRule` of registry.ts. */
  judge(
    definition: RuleOf<Kind>,
    samples: readonly TimedSample[],
    atMs: Instant,
    wasFiring: boolean,
  ): Judgement
  /** Never with `$value`: it is 1 while an alert is held through doubt. */
  texts(definition: RuleOf<Kind>, names: AlertNames): AlertTexts
}

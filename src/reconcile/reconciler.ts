// What every kind gives to the one loop: two functions. `observe` reads caches, `decide` is pure and total.
import type { Instant } from '../domain/clock.ts'
import type { OwnKind } from '../domain/kinds.ts'
import type { KubeObject, Ref } from '../domain/kube-object.ts'
import type { Plan } from './plan.ts'
import type { Sources } from './ports.ts'

export type Reconciler<World extends { readonly object: KubeObject } = { readonly object: KubeObject }> = {
  readonly kind: OwnKind
  /** Everything the decision may look at; `undefined` when the object is gone. */
  observe(ref: Ref, sources: Sources): World | undefined
  decide(world: World, now: Instant): Plan
}

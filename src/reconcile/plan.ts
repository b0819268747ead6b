// All that a decision may want of the world. Data only: a Plan is compared in tests and carried out by control.

import type { ProblemReason } from '../api/v1alpha1/conditions.ts'
import type { JudgedPolicy, JudgedSilence } from '../domain/judged-policy.ts'
import type { KubeObject, Ref } from '../domain/kube-object.ts'
import type { ProbeEntry } from '../domain/probe-entry.ts'
import type { SilencePost } from '../domain/remote-silence.ts'

/** The field managers of server-side apply. No pod name in them: every dead pod would go on owning its fields (kube:A1). */
export type FieldManager = 'roundsman/controller' | 'roundsman/prober'

export type Plan = {
  readonly desired: Desired
  readonly outside: readonly OutsideAction[]
  readonly probe: ProbeChange
  readonly judge: JudgeChange
  readonly status: readonly StatusWrite[]
  readonly finalizer: 'keep' | 'add' | 'remove'
  readonly events: readonly PlannedEvent[]
  readonly next: Next
}

/** A Plan that changes nothing but what `parts` say. */
export function planOf(parts: Partial<Plan>): Plan {
  return {
    desired: { kind: 'keep' },
    outside: [],
    probe: { kind: 'keep' },
    judge: { kind: 'keep' },
    status: [],
    finalizer: 'keep',
    events: [],
    next: { kind: 'await-change' },
    ...parts,
  }
}

/** Which children the object shall have. `keep` is not `exactly nothing`: an empty list prunes live children. */
export type Desired =
  | { readonly kind: 'keep' }
  | { readonly kind: 'exactly'; readonly objects: readonly KubeObject[] }

/** What shall be done on an Alertmanager; `alertmanager` is its name in the cache of `upstream`. */
export type OutsideAction =
  | { readonly kind: 'post-silence'; readonly alertmanager: string; readonly silence: SilencePost }
  | { readonly kind: 'expire-silence'; readonly alertmanager: string; readonly silenceID: string }

export type ProbeChange =
  | { readonly kind: 'keep' }
  | { readonly kind: 'set'; readonly entry: ProbeEntry }
  | { readonly kind: 'remove'; readonly uid: string }

/** What the local judge of Direct delivery shall hold. */
export type JudgeChange =
  | { readonly kind: 'keep' }
  | { readonly kind: 'set-policy'; readonly policy: JudgedPolicy }
  | { readonly kind: 'remove-policy'; readonly uid: string }
  | { readonly kind: 'set-silence'; readonly silence: JudgedSilence }
  | { readonly kind: 'remove-silence'; readonly uid: string }

/** The whole of the status that one manager owns; what is absent here is removed from the object (kube:A2). */
export type StatusWrite = {
  readonly manager: FieldManager
  readonly status: Readonly<Record<string, unknown>>
  readonly events?: readonly PlannedEvent[] // Of the transitions in it: told when it was written, never before.
}

export type PlannedEvent = {
  readonly regarding: Ref & { readonly uid: string }
  readonly type: 'Normal' | 'Warning'
  readonly reason: string // The condition's reason.
  readonly action: string // What Roundsman did or will do, CamelCase, e.g. 'Probe', 'Apply'.
  readonly note: string // At most 1,024 characters.
}

export type Next = { readonly kind: 'await-change' } | { readonly kind: 'after'; readonly ms: number } // Look again then, at the latest.

/** Why a decision cannot be carried out, and what happens next; see style.md section 4. */
export type Problem =
  | { readonly kind: 'stalled'; readonly reason: ProblemReason; readonly message: string } // Someone must edit; no retry.
  | {
      readonly kind: 'waiting'
      readonly reason: ProblemReason
      readonly message: string
      readonly againAfterMs?: number
    }

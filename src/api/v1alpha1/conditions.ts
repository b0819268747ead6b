// The conditions in every status, and the closed list of their reasons: one sentence each. The same word stands in the condition, the
// event, the log field, the metric label and the message.
import type { z } from 'zod'
import { proberReasons, targetReasons } from './reasons.ts'
import { choice, granular, instant, integer, listBy, text } from './schema.ts'

/** What each condition answers. Reconciling and Stalled are present only when true (kstatus). */
export const conditionTypes = {
  Ready: 'the spec was accepted and is carried out; never depends on whether a target answers',
  Healthy: 'the target answers as expected; False carries the reason of the failure',
  Degraded: 'the target answers, but slower than its limit',
  Active: 'the silence mutes alerts right now',
  Reconciling: 'something known is missing or under way, and is waited for',
  Stalled: 'someone must edit something; nothing is tried again before',
} as const satisfies Record<string, string>
export type ConditionType = keyof typeof conditionTypes

const acceptedReasons = {
  Accepted: 'the spec was accepted',
  Probing: 'the target is being probed',
  Suspended: 'the target is suspended by its spec',
  ObjectsApplied: 'all objects of the policy are written',
  DirectDelivery: 'the policy is judged and delivered by Roundsman itself',
} as const

/** Someone must edit the object, or what it names. */
const stalledReasons = {
  InvalidSpec: 'the spec breaks a rule',
  NameTaken: 'an object of the wanted name exists and belongs to someone else',
  TooLarge: 'what the spec asks for does not fit into one object',
  Refused: 'the API server refuses an object that the spec asks for',
  SelectorUnsatisfiable: 'no label can satisfy the selector that chooses rules or routes',
  NamespaceNotSelected: 'no Prometheus or Alertmanager selects this namespace',
  ReceiverUnusable: 'a receiver cannot be used as it is declared',
} as const

/** A known thing is missing; it is waited for. */
const waitingReasons = {
  KindNotServed: 'the cluster does not serve a kind that is needed',
  Forbidden: 'a right is missing',
  NamespaceTerminating: 'the namespace is being deleted',
  NoTargets: 'no target is selected',
  NoPrometheus: 'no Prometheus resource is known',
  NoAlertmanager: 'no Alertmanager is known',
  AlertmanagerUnreachable: 'an Alertmanager does not answer',
  AlertmanagerRefused: 'an Alertmanager refuses the silence',
} as const

/** It passes by itself; told only when it lasts. */
const transientReasons = {
  Unavailable: 'the API server cannot be reached, or did not say whether it took the write',
} as const

const verdictReasons = {
  AwaitingFirstProbe: 'no probe has decided yet',
  AnsweredAsExpected: 'the last probe found what was expected',
  WithinLimits: 'the target answers within its limits',
} as const

const windowReasons = {
  Pending: 'the window of the silence has not begun',
  Active: 'the window of the silence is open',
  Expired: 'the window of the silence is over',
} as const

/** Every reason a condition may give, with its sentence. */
export const conditionReasons = {
  ...acceptedReasons,
  ...stalledReasons,
  ...waitingReasons,
  ...transientReasons,
  ...verdictReasons,
  ...windowReasons,
  ...targetReasons,
  ...proberReasons,
} as const satisfies Record<string, string>

/** Why something is not carried out: someone must edit, or something is waited for. */
export type ProblemReason = keyof typeof stalledReasons | keyof typeof waitingReasons
export type ConditionReason = keyof typeof conditionReasons

const condition = granular('One aspect of the state.', {
  type: text('Which aspect, for example Ready.', {
    max: 316,
    shape: { pattern: /^[A-Za-z]+$/, otherwise: 'is not the name of a condition' },
  }),
  status: choice('Whether it holds.', ['True', 'False', 'Unknown']),
  observedGeneration: integer('Generation of the spec it was judged by.', { min: 0 }).optional(),
  lastTransitionTime: instant('When the status changed last.'),
  reason: text('One word for the cause, for example HttpStatus.', {
    max: 1024,
    shape: { pattern: /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/, otherwise: 'is not a reason' },
  }),
  message: text('One sentence for people.', { min: 0, max: 32_768 }),
})
export type Condition = z.output<typeof condition>

/** The status field `conditions`. A list-map, so that the controller and the prober each own theirs (kube:S1). */
export function conditions() {
  return listBy('Aspects of the state; kubectl wait --for=condition=Ready reads them.', 'type', condition, {
    max: 16,
  })
}

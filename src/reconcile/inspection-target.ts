// What shall be probed for one InspectionTarget, and what its status says. Two managers write that status: the controller what it made
// of the spec, the prober what it found. Ready never depends on whether the target answers.
import type { ConditionReason } from '../api/v1alpha1/conditions.ts'
import type { InspectionTargetSpec } from '../api/v1alpha1/inspection-target.ts'
import { type Parsed, parseInspectionTarget } from '../api/v1alpha1/parse.ts'
import type { Instant } from '../domain/clock.ts'
import type { KubeObject, Ref } from '../domain/kube-object.ts'
import type { ProbeEntry, ProbeReport } from '../domain/probe-entry.ts'
import { type SpecFinding, targetFindings } from '../domain/spec-checks.ts'
import { doubtAfterMs } from '../domain/verdict.ts'
import { conditions, notReady, type WantedCondition, wholeSeconds } from './conditions.ts'
import { type Plan, type Problem, planOf, type StatusWrite } from './plan.ts'
import type { Sources } from './ports.ts'
import { effectiveInWords, probeEntryOf } from './probe-entry-of.ts'
import { invalidSpec } from './problems.ts'
import type { Reconciler } from './reconciler.ts'
import { transitionEvents } from './transition-events.ts'

export type TargetWorld = {
  readonly object: KubeObject
  readonly parsed: Parsed<InspectionTargetSpec>
  readonly findings: readonly SpecFinding[]
  readonly entry: ProbeEntry | undefined // Absent when the spec cannot be probed.
  readonly report: ProbeReport | undefined // Absent before the first probe of this process.
}

export const inspectionTarget: Reconciler<TargetWorld> = { kind: 'InspectionTarget', observe, decide }

function observe(ref: Ref, sources: Sources): TargetWorld | undefined {
  const object = sources.objects.get(ref)
  if (object === undefined) return undefined
  const parsed = parseInspectionTarget(object.spec)
  const findings = parsed.ok ? targetFindings(parsed.spec) : []
  const entry = parsed.ok && findings.length === 0 ? probeEntryOf(object, parsed.spec, sources) : undefined
  return { object, parsed, findings, entry, report: sources.probes.report(object.metadata.uid ?? '') }
}

function decide(world: TargetWorld, now: Instant): Plan {
  const { object, parsed, entry } = world
  const uid = object.metadata.uid ?? ''
  if (object.metadata.deletionTimestamp !== undefined) return planOf({ probe: { kind: 'remove', uid } })
  if (!parsed.ok || entry === undefined) {
    const problem = invalidSpec(parsed.ok ? world.findings : parsed.problems)
    return planOf({ ...told(object, problemStatus(problem), {}, now), probe: { kind: 'remove', uid } })
  }
  const { spec } = parsed
  if (spec.suspend === true) {
    const status = {
      accepted: accepted(spec, 'Suspended', 'not probed while spec.suspend is true'),
      found: suspended,
    }
    return planOf({ ...told(object, status.accepted, status.found, now), probe: { kind: 'remove', uid } })
  }
  const status = accepted(spec, 'Probing', `probed every ${effectiveInWords(spec).interval}`)
  const patienceMs = patienceWithDoubtMs(world, entry, now)
  return planOf({
    ...told(object, status, patienceMs > 0 ? undefined : found(world), now),
    probe: { kind: 'set', entry },
    ...(patienceMs > 0 ? { next: { kind: 'after', ms: patienceMs } } : {}),
  })
}

/**
 * How long what is told already stands though nothing is known now, 0 when it does not. A crowd of new targets may overload this machine
 * for a moment: no news about a target unless it lasts for two intervals. And what an earlier process found stands as long as it would have
 * stood in that process.
 */
function patienceWithDoubtMs(world: TargetWorld, { limits, intervalMs }: ProbeEntry, now: Instant): number {
  const { report } = world
  if (report?.state.verdict !== 'Unknown') return 0
  const { reason, since } = report.state
  const lastsMs =
    reason === 'InternalOverload' ? 2 * intervalMs : isKnownFromBefore(world) ? doubtAfterMs(limits) : 0
  return Math.max(0, since + lastsMs - now)
}

/** An earlier process came to a verdict, this one has not yet. */
function isKnownFromBefore({ object, report }: TargetWorld): boolean {
  const stored = (object.status as { verdict?: string } | undefined)?.verdict ?? ''
  return report?.transitions.length === 0 && ['Healthy', 'Degraded', 'Unhealthy'].includes(stored)
}

type Part = { readonly conditions?: readonly WantedCondition[]; readonly [field: string]: unknown }

function accepted(spec: InspectionTargetSpec, reason: ConditionReason, message: string): Part {
  return {
    type: spec.http === undefined ? 'tcp' : 'http',
    effective: effectiveInWords(spec),
    conditions: [{ type: 'Ready', status: 'True', reason, message }],
  }
}

function problemStatus(problem: Problem): Part {
  return { conditions: notReady(problem) }
}

const suspended: Part = {
  verdict: 'Suspended',
  conditions: [
    {
      type: 'Healthy',
      status: 'Unknown',
      reason: 'Suspended',
      message: 'not probed while spec.suspend is true',
    },
  ],
}

/** What the prober tells; nothing before it knows more than the status that stands there, so that a restart writes nothing. */
function found(world: TargetWorld): Part | undefined {
  const { object, report } = world
  if (report === undefined) return undefined
  const { verdict, since, reason, message, failuresInARow } = report.state
  if (verdict === 'Unknown' && report.transitions.length === 0) {
    const isResumed = (object.status as { verdict?: string } | undefined)?.verdict === 'Suspended'
    const isUnderWay = failuresInARow > 0 && isKnownFromBefore(world)
    if (isUnderWay || (reason === '' && !isResumed)) return undefined
  }
  return {
    verdict,
    since: wholeSeconds(since),
    reason,
    message,
    transitions: report.transitions.map((transition) => ({
      ...transition,
      time: wholeSeconds(transition.time),
    })),
    conditions: verdictConditions(report),
  }
}

function verdictConditions({ state }: ProbeReport): readonly WantedCondition[] {
  const { verdict } = state
  const reason = state.reason === '' ? 'AwaitingFirstProbe' : state.reason
  const message = state.message === '' ? 'no probe has decided yet' : state.message
  const isAnswering = verdict === 'Healthy' || verdict === 'Degraded'
  const healthy = isAnswering ? 'True' : verdict === 'Unhealthy' ? 'False' : 'Unknown'
  const degraded = verdict === 'Degraded' ? 'True' : verdict === 'Unknown' ? 'Unknown' : 'False'
  const good = 'all expectations hold'
  return [
    {
      type: 'Healthy',
      status: healthy,
      reason: isAnswering ? 'AnsweredAsExpected' : reason,
      message: isAnswering ? good : message,
    },
    {
      type: 'Degraded',
      status: degraded,
      reason: verdict === 'Degraded' ? reason : degraded === 'Unknown' ? reason : 'WithinLimits',
      message:
        verdict === 'Degraded' || degraded === 'Unknown'
          ? message
          : 'not slower than its limit while it answers',
    },
  ]
}

function told(
  object: KubeObject,
  ofController: Part,
  ofProber: Part | undefined,
  now: Instant,
): Pick<Plan, 'status'> {
  const observedGeneration = object.metadata.generation ?? 0
  const controller = write('roundsman/controller', object, { observedGeneration, ...ofController }, now)
  const prober = ofProber === undefined ? [] : [write('roundsman/prober', object, ofProber, now)]
  return { status: [controller, ...prober] }
}

function write(manager: StatusWrite['manager'], object: KubeObject, part: Part, now: Instant): StatusWrite {
  const wanted = part.conditions ?? []
  return {
    manager,
    status: { ...part, conditions: conditions(object, wanted, now) },
    events: transitionEvents(object, wanted, now),
  }
}

// Everything that is wrong with some manifests, as the API server and the operator would find it, without either.

import { defaultInterval } from '../api/v1alpha1/inspection-target.ts'
import { nullMembers, problemAt, type SpecProblem } from '../api/v1alpha1/judgement.ts'
import { nearest } from '../api/v1alpha1/nearest.ts'
import {
  parseAlertPolicy,
  parseInspectionTarget,
  parseSilence,
  strictProblems,
} from '../api/v1alpha1/parse.ts'
import { group, type ResourceKind, resourceKinds, version } from '../api/v1alpha1/resources.ts'
import { durationMs } from '../domain/duration.ts'
import { resolvePolicy } from '../domain/resolve-policy.ts'
import { re2Judges } from '../domain/spec-checks.ts'
import { type SelectableTarget, selectTargets, type TargetSelector } from '../domain/target-selection.ts'
import type { ManifestDocument, Manifests } from './parse-manifest.ts'
import type { Path } from './positions.ts'

export type Finding = {
  readonly file: string
  readonly line: number
  /** `warning`: it would be accepted, and is perhaps not what was meant. */
  readonly severity: 'error' | 'warning'
  /** `AlertPolicy shop/checkout`; absent when no object could be read there. */
  readonly object?: string
  readonly message: string
}

/** In the order of file and line. Empty when nothing is wrong. Kinds of others are not looked at. */
export function checkManifests({ documents, problems }: Manifests): readonly Finding[] {
  const own = documents.filter(({ object }) => object.apiVersion.startsWith(`${group}/`))
  const valid = own.filter((document) => ownProblems(document).length === 0)
  const findings = [
    ...problems.map((problem): Finding => ({ ...problem, severity: 'error' })),
    ...own.flatMap((document) => ownProblems(document).map((problem) => findingAt(document, problem))),
    ...own.flatMap(droppedMembers),
    ...valid.flatMap((document) => findingsAmong(document, targetsOf(valid, document))),
  ]
  return findings.toSorted((a, b) => compare(a.file, b.file) || a.line - b.line)
}

/** `a.yaml:12: error: AlertPolicy shop/checkout: spec.rules[2].severity: is required`. */
export function findingText({ file, line, severity, object, message }: Finding): string {
  return `${file}:${line}: ${severity}: ${object === undefined ? '' : `${object}: `}${message}`
}

type Problem = Pick<SpecProblem, 'segments' | 'path' | 'message'>

function ownProblems({ object }: ManifestDocument): readonly Problem[] {
  if (object.apiVersion !== `${group}/${version}`) {
    const message = `${object.apiVersion} is not served; write ${group}/${version}`
    return [{ segments: ['apiVersion'], path: 'apiVersion', message }]
  }
  const kind = resourceKinds.find((known) => known === object.kind)
  if (kind === undefined) return [{ segments: ['kind'], path: 'kind', message: unknownKind(object.kind) }]
  return strictProblems(kind, object, re2Judges)
}

function unknownKind(kind: string): string {
  const meant = nearest(kind, resourceKinds)
  return `${group} has no ${kind}; ${meant === undefined ? `it has ${resourceKinds.join(', ')}` : `did you mean ${meant}?`}`
}

function droppedMembers(document: ManifestDocument): readonly Finding[] {
  return nullMembers(document.object.spec, ['spec']).map((segments) => {
    const { path, message } = problemAt(
      segments,
      'has no value, so it counts as not set; write {} for an empty object',
    )
    return warningAt(document, segments, `${path} ${message}`)
  })
}

/** What only shows beside the other objects. */
function findingsAmong(document: ManifestDocument, targets: readonly SelectableTarget[]): readonly Finding[] {
  const { object } = document
  switch (object.kind as ResourceKind) {
    case 'AlertPolicy': {
      const parsed = parseAlertPolicy(object.spec)
      if (!parsed.ok) return []
      return [
        ...missingTargets(document, parsed.spec.targets, targets),
        ...ruleFindings(document, parsed.spec, targets),
      ]
    }
    case 'Silence': {
      const parsed = parseSilence(object.spec)
      return parsed.ok && parsed.spec.targets !== undefined
        ? missingTargets(document, parsed.spec.targets, targets)
        : []
    }
    default:
      return []
  }
}

/** A warning: the target may lie in another repository. */
function missingTargets(
  document: ManifestDocument,
  selector: TargetSelector,
  targets: readonly SelectableTarget[],
): readonly Finding[] {
  const { missing } = selectTargets(selector, targets)
  return missing.map((name) => {
    const index = selector.names?.indexOf(name) ?? 0
    const meant = nearest(
      name,
      targets.map((target) => target.name),
    )
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`
    const message = `no InspectionTarget ${document.object.metadata.namespace}/${name} is among these files${hint}`
    return warningAt(document, ['spec', 'targets', 'names', index], message)
  })
}

/** Rules that can never fire on the targets they are for. */
function ruleFindings(
  document: ManifestDocument,
  spec: Parameters<typeof resolvePolicy>[1],
  targets: readonly SelectableTarget[],
): readonly Finding[] {
  const { name, namespace = '' } = document.object.metadata
  const paced = selectTargets(spec.targets, targets)
    .selected.filter((target) => target.spec.suspend !== true)
    .map((target) => ({
      name: target.name,
      intervalMs: durationMs(target.spec.interval ?? defaultInterval),
    }))
  const { ruleProblems } = resolvePolicy({ uid: '', namespace, name }, spec, paced)
  return ruleProblems.map(({ rule, message }) => {
    const index = spec.rules.findIndex((candidate) => candidate.name === rule)
    const segments = ['spec', 'rules', index]
    return findingAt(document, { segments, path: `spec.rules[${index}]`, message })
  })
}

function targetsOf(
  valid: readonly ManifestDocument[],
  { object }: ManifestDocument,
): readonly SelectableTarget[] {
  return valid.flatMap((document) => {
    const { kind, metadata, spec } = document.object
    if (kind !== 'InspectionTarget' || metadata.namespace !== object.metadata.namespace) return []
    const parsed = parseInspectionTarget(spec)
    return parsed.ok ? [{ name: metadata.name, labels: metadata.labels ?? {}, spec: parsed.spec }] : []
  })
}

function findingAt(document: ManifestDocument, { segments, path, message }: Problem): Finding {
  return { ...placed(document, segments), severity: 'error', message: `${path}: ${message}` }
}

function warningAt(document: ManifestDocument, segments: Path, message: string): Finding {
  return { ...placed(document, segments), severity: 'warning', message }
}

function placed({ object, file, lineOf }: ManifestDocument, segments: Path) {
  const { namespace, name } = object.metadata
  const named = namespace ? `${namespace}/${name}` : name
  return { file, line: lineOf(segments), object: `${object.kind} ${named}` }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

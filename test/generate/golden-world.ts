// Turns the documents of a fixture into what `generate` takes, as the operator would from its caches.
import { loadAll } from 'js-yaml'
import { parseAlertPolicy, parseInspectionTarget } from '../../src/api/v1alpha1/parse.ts'
import { durationMs } from '../../src/domain/duration.ts'
import type { KubeObject } from '../../src/domain/kube-object.ts'
import { resolvePolicy } from '../../src/domain/resolve-policy.ts'
import { type SelectableTarget, selectTargets } from '../../src/domain/target-selection.ts'
import { type GenerateInput, objectsOfPolicy, scrapingOf } from '../../src/generate/objects-of-policy.ts'
import { placementFor } from '../../src/generate/placement.ts'
import { monitorsBefore } from '../../src/generate/precedence.ts'
import { oversizedRules } from '../../src/generate/prometheus-rule.ts'
import { coveredSentence } from '../../src/generate/scrape-coverage.ts'

export type Generated = { readonly objects: readonly KubeObject[]; readonly told: readonly string[] }

export function readDocuments(text: string): readonly KubeObject[] {
  return loadAll(text) as readonly KubeObject[]
}

/** Policies in order of namespace and name. */
export function generateFromDocuments(documents: readonly KubeObject[]): Generated {
  const policies = ofKind(documents, 'AlertPolicy').toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
  const results = policies.map((policy) => generateOne(policy, documents))
  return {
    objects: results.flatMap((result) => result.objects),
    told: results.flatMap((result) => result.told),
  }
}

function generateOne(policy: KubeObject, documents: readonly KubeObject[]): Generated {
  const { name, namespace = '', uid } = policy.metadata
  const parsed = parseAlertPolicy(policy.spec)
  if (!parsed.ok)
    return { objects: [], told: parsed.problems.map(({ path, message }) => `${path}: ${message}`) }
  const inNamespace = documents.filter((document) => document.metadata.namespace === namespace)
  const { selected, missing } = selectTargets(
    parsed.spec.targets,
    ofKind(inNamespace, 'InspectionTarget').map(targetOf),
  )
  const targets = selected.filter((target) => target.spec.suspend !== true)
  const resolved = resolvePolicy(
    { uid: uid ?? '', namespace, name },
    parsed.spec,
    targets.map((target) => ({
      name: target.name,
      intervalMs: durationMs(target.spec.interval ?? '30s'),
    })),
  )
  const ownMonitor = ofKind(documents, 'ServiceMonitor').find(
    (monitor) => monitor.metadata.labels?.['app.kubernetes.io/name'] === 'roundsman',
  )
  const placement = placementFor({
    namespace,
    prometheuses: ofKind(documents, 'Prometheus'),
    alertmanagers: ofKind(documents, 'Alertmanager'),
    namespaces: ofKind(documents, 'Namespace'),
    ...(ownMonitor === undefined ? {} : { ownMonitor }),
  })
  const input: GenerateInput = {
    policy: resolved.policy,
    owner: { namespace, name, ...(uid === undefined ? {} : { uid }) },
    targets,
    services: ofKind(inNamespace, 'Service'),
    monitorsBefore: monitorsBefore({
      policy,
      policies: ofKind(documents, 'AlertPolicy'),
      monitors: ofKind(documents, 'ServiceMonitor'),
    }),
    placement,
  }
  return {
    objects: objectsOfPolicy(input),
    told: [
      ...missing.map((target) => `target ${target} does not exist`),
      ...resolved.ruleProblems.map((problem) => problem.message),
      ...oversizedRules(resolved.policy).map((rule) => `rule ${rule} is too large`),
      ...scrapingOf(input).covered.map(coveredSentence),
      ...[placement.rules, placement.monitors, placement.routes].flatMap((pick) => pick.problem ?? []),
    ],
  }
}

function targetOf({ metadata, ...rest }: KubeObject): SelectableTarget {
  const parsed = parseInspectionTarget(rest.spec)
  if (!parsed.ok) throw new Error(`fixture: ${JSON.stringify(parsed.problems)}`)
  return { name: metadata.name, labels: metadata.labels ?? {}, spec: parsed.spec }
}

function ofKind(documents: readonly KubeObject[], kind: string): readonly KubeObject[] {
  return documents.filter((document) => document.kind === kind)
}

function nameOf({ metadata }: KubeObject): string {
  return `${metadata.namespace}/${metadata.name}`
}

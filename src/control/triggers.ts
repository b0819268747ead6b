// Which keys a change concerns: an object's own key, and the keys of all that use it (kube:Q11). Only ever says "look again".
import type { OwnKind } from '../domain/kinds.ts'
import { type KubeObject, keyOf, type ObjectKey, type Ref, refOfObject } from '../domain/kube-object.ts'
import type { ObjectReader } from '../reconcile/ports.ts'
import type { Change } from './store.ts'

const ownKinds: ReadonlySet<string> = new Set<OwnKind>(['InspectionTarget', 'AlertPolicy', 'Silence'])

/** The keys to queue after a change; empty when it can make no difference to any decision. */
export function keysConcernedBy({ ref, before, after }: Change, objects: ObjectReader): readonly ObjectKey[] {
  switch (ref.kind) {
    case 'InspectionTarget':
      return matters(before, after) ? [keyOf(ref), ...usersOfTargets(ref.namespace, objects)] : []
    case 'AlertPolicy':
    case 'Silence':
      return matters(before, after) ? [keyOf(ref)] : []
    case 'PrometheusRule':
    case 'AlertmanagerConfig':
      return ownersOf(before ?? after, after)
    case 'ServiceMonitor':
      return monitorConcerns(ref, [before, after], objects)
    case 'Service':
      return [
        ...keysOf('InspectionTarget', objects, ref.namespace),
        // A policy scrapes the Services that its targets name.
        ...(isSameBut(before, after) ? [] : keysOf('AlertPolicy', objects, ref.namespace)),
      ]
    case 'EndpointSlice':
      return keysOf('InspectionTarget', objects, ref.namespace)
    case 'Prometheus':
    case 'Alertmanager':
    case 'Namespace':
      return isSameBut(before, after) ? [] : keysOf('AlertPolicy', objects, namespaceConcerned(ref))
    default:
      return []
  }
}

/** All keys of our own kinds: after a change of leadership, of the shard, or of which kinds are served. */
export function allKeys(objects: ObjectReader): readonly ObjectKey[] {
  return [...ownKinds].flatMap((kind) => keysOf(kind as OwnKind, objects))
}

export function keysOf(kind: OwnKind, objects: ObjectReader, namespace?: string): readonly ObjectKey[] {
  return objects.list(kind, namespace).map((object) => keyOf(refOfObject(object)))
}

/** Our own kinds: a change of what users or the garbage collector write, never of status, which we write ourselves. */
function matters(before: KubeObject | undefined, after: KubeObject | undefined): boolean {
  if (before === undefined || after === undefined) return true
  const [left, right] = [before.metadata, after.metadata]
  return (
    left.generation !== right.generation ||
    left.deletionTimestamp !== right.deletionTimestamp ||
    differ(left.labels, right.labels) ||
    differ(left.annotations, right.annotations) ||
    differ(left.finalizers, right.finalizers)
  )
}

/** Prometheus, Alertmanager, Namespace and Service: their spec and labels decide what is picked up; their status is noise. */
function isSameBut(before: KubeObject | undefined, after: KubeObject | undefined): boolean {
  if (before === undefined || after === undefined) return false
  return !differ(before.spec, after.spec) && !differ(before.metadata.labels, after.metadata.labels)
}

function usersOfTargets(namespace: string, objects: ObjectReader): readonly ObjectKey[] {
  return [...keysOf('AlertPolicy', objects, namespace), ...keysOf('Silence', objects, namespace)]
}

function ownersOf(...versions: readonly (KubeObject | undefined)[]): readonly ObjectKey[] {
  const keys = versions.flatMap((object) =>
    (object?.metadata.ownerReferences ?? [])
      .filter((reference) => reference.controller === true && ownKinds.has(reference.kind))
      .map((reference) =>
        keyOf({
          kind: reference.kind as OwnKind,
          namespace: object?.metadata.namespace ?? '',
          name: reference.name,
        }),
      ),
  )
  return [...new Set(keys)]
}

/**
 * Whoever scrapes or stops scraping something concerns the policies that would. A monitor of ours looks into its own namespace alone;
 * a foreign one may look into any.
 */
function monitorConcerns(
  ref: Ref,
  [before, after]: readonly [KubeObject | undefined, KubeObject | undefined],
  objects: ObjectReader,
): readonly ObjectKey[] {
  const owners = ownersOf(before, after)
  if (isSameBut(before, after)) return owners
  return keysOf('AlertPolicy', objects, owners.length > 0 ? ref.namespace : undefined)
}

/** A Prometheus or Alertmanager may select policies of every namespace; a Namespace's labels concern its own. */
function namespaceConcerned(ref: Ref): string | undefined {
  return ref.kind === 'Namespace' ? ref.name : undefined
}

function differ(left: unknown, right: unknown): boolean {
  return JSON.stringify(left ?? null) !== JSON.stringify(right ?? null)
}

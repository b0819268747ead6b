// Reading what Roundsman says in the status of its objects.
import { type ApiClient, type KubeObject, resource } from './cluster/api-client.ts'
import { eventually, type Patience } from './cluster/eventually.ts'

export type Condition = {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
  readonly observedGeneration?: number
}

export type OwnObject = KubeObject & {
  readonly spec: Readonly<Record<string, unknown>>
  readonly status?: { readonly conditions?: readonly Condition[]; readonly [field: string]: unknown }
}

export type OwnPlural = 'inspectiontargets' | 'alertpolicies' | 'silences'

export function ownResource(plural: OwnPlural, namespace?: string, name?: string): string {
  return resource('roundsman.dev/v1alpha1', plural, namespace, name)
}

export function conditionOf(object: OwnObject | undefined, type: string): Condition | undefined {
  return object?.status?.conditions?.find((condition) => condition.type === type)
}

export type Wanted = Pick<Condition, 'type' | 'status'> & Partial<Pick<Condition, 'reason'>>

/** Waits for a condition of the present generation; the error at the deadline holds the conditions that were seen instead. */
export async function untilCondition(
  client: ApiClient,
  path: string,
  wanted: Wanted,
  patience: Patience = {},
): Promise<Condition & { readonly object: OwnObject }> {
  const { type, status, reason } = wanted
  const name = path.slice(path.lastIndexOf('/namespaces/') + 1)
  return eventually(
    `${name} is ${type}=${status}${reason === undefined ? '' : ` (${reason})`}`,
    async () => {
      const object = await client.get<OwnObject>(path)
      const found = conditionOf(object, type)
      const isThere =
        object !== undefined &&
        found?.status === status &&
        (reason === undefined || found.reason === reason) &&
        found.observedGeneration === object.metadata.generation
      if (!isThere) throw new Error(describe(object))
      return { ...found, object }
    },
    patience,
  )
}

function describe(object: OwnObject | undefined): string {
  if (object === undefined) return 'no such object'
  const { conditions = [] } = object.status ?? {}
  const told = conditions.map(
    ({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`,
  )
  return told.join(' | ') || 'no conditions'
}

// `roundsman generate`: prints the objects that the policies of some manifests generate, decided by the same code as in the operator.
// No policy has a UID in a file, so the objects carry no owner; all else is equal for the same observed objects.
import type { Instant } from '../domain/clock.ts'
import { type KubeObject, refOfObject } from '../domain/kube-object.ts'
import type { Manifests } from '../manifest/parse-manifest.ts'
import { alertPolicy } from '../reconcile/alert-policy.ts'
import { conditionOf } from '../reconcile/conditions.ts'
import type { Plan } from '../reconcile/plan.ts'
import type { Sources } from '../reconcile/ports.ts'
import { sourcesFrom, tellErrors } from './manifest-sources.ts'
import { printed, yamlOf } from './printed.ts'
import { count, type ExitCode, narrate, type Terminal } from './terminal.ts'

export type GenerateRequest = {
  readonly manifests: Manifests
  readonly output: 'json' | 'yaml'
  readonly clusterDomain: string
  readonly now: Instant
}

export function generate(request: GenerateRequest, terminal: Terminal): ExitCode {
  const { manifests, output, clusterDomain, now } = request
  const hasErrors = tellErrors(manifests, terminal)
  const installation = { clusterId: '', delivery: 'Prometheus', clusterDomain, standalone: false } as const
  const sources = sourcesFrom(manifests, installation)
  const policies = sources.objects.list('AlertPolicy')
  const plans = policies.map((policy) => planFor(policy, sources, now))
  const isWhole = policies.map((policy, index) => tellCondition(policy, plans[index], terminal))
  const objects = plans.flatMap((plan) => (plan?.desired.kind === 'exactly' ? plan.desired.objects : []))
  terminal.out(textOf(objects, output))
  if (policies.length === 0) narrate(terminal, 'careful', 'there is no AlertPolicy among these files')
  else
    narrate(
      terminal,
      'done',
      `${count(objects.length, 'object')} of ${count(policies.length, 'policy', 'policies')}`,
    )
  return hasErrors || isWhole.includes(false) ? 1 : 0
}

function planFor(policy: KubeObject, sources: Sources, now: Instant): Plan | undefined {
  const world = alertPolicy.observe(refOfObject(policy), sources)
  return world === undefined ? undefined : alertPolicy.decide(world, now)
}

/** Says what the policy's status would say; false when it would not be Ready. */
function tellCondition(policy: KubeObject, plan: Plan | undefined, terminal: Terminal): boolean {
  const [write] = plan?.status ?? []
  const ready = conditionOf({ ...policy, status: write?.status }, 'Ready')
  if (ready?.status === 'True') return true
  const { namespace, name } = policy.metadata
  narrate(terminal, 'failed', `AlertPolicy ${namespace}/${name}: ${ready?.message ?? 'cannot be decided'}`)
  return false
}

function textOf(objects: readonly KubeObject[], output: 'json' | 'yaml'): string {
  if (output === 'json') return printed({ apiVersion: 'v1', kind: 'List', items: objects }, 'json')
  return objects.map((object) => `---\n${yamlOf(object)}`).join('')
}

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
import { count, type ExitCode, narrate, oneLine, type Terminal } from './terminal.ts'

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
  const decisions = policies.map((policy) => decisionOn(policy, sources, now))
  const objects = decisions.flatMap((plan) => (plan?.desired.kind === 'exactly' ? plan.desired.objects : []))
  const isStalled = policies.map((policy, index) => tellCondition(policy, decisions[index], terminal))
  terminal.out(textOf(objects, output))
  if (policies.length === 0) narrate(terminal, 'careful', 'there is no AlertPolicy among these files')
  else
    narrate(
      terminal,
      'done',
      `${count(objects.length, 'object')} of ${count(policies.length, 'policy', 'policies')}`,
    )
  return hasErrors || isStalled.includes(true) ? 1 : 0
}

/** Undefined for a policy whose spec is wrong: that was told with its place already. */
function decisionOn(policy: KubeObject, sources: Sources, now: Instant): Plan | undefined {
  const world = alertPolicy.observe(refOfObject(policy), sources)
  return world?.parsed.ok === true ? alertPolicy.decide(world, now) : undefined
}

/** Says what the policy's status would say beside Ready; true when somebody would have to edit something. */
function tellCondition(policy: KubeObject, plan: Plan | undefined, terminal: Terminal): boolean {
  if (plan === undefined) return false
  const decided = { ...policy, status: plan.status[0]?.status }
  const ready = conditionOf(decided, 'Ready')
  if (ready === undefined || ready.status === 'True') return false
  const isStalled = conditionOf(decided, 'Stalled') !== undefined
  const { namespace, name } = policy.metadata
  narrate(
    terminal,
    isStalled ? 'failed' : 'careful',
    `AlertPolicy ${namespace}/${name}: ${oneLine(ready.message)}`,
  )
  return isStalled
}

function textOf(objects: readonly KubeObject[], output: 'json' | 'yaml'): string {
  if (output === 'json') return printed({ apiVersion: 'v1', kind: 'List', items: objects }, 'json')
  return objects.map((object) => `---\n${yamlOf(object)}`).join('')
}

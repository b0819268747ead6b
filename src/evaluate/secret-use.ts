// Which receivers stand or fall with a Secret.
import type { JudgedPolicy } from '../domain/judged-policy.ts'

/** Names of the policy's receivers that refer to this Secret, wherever in them the reference stands. */
export function receiversNaming(
  policy: JudgedPolicy,
  secret: { readonly namespace: string; readonly name: string },
): readonly string[] {
  if (policy.namespace !== secret.namespace) return []
  return policy.routing.receivers
    .filter((receiver) => refersTo(receiver, secret.name))
    .map((receiver) => receiver.name)
}

function refersTo(value: unknown, secretName: string): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([name, member]) =>
    name === 'secretKeyRef' ? member.name === secretName : refersTo(member, secretName),
  )
}

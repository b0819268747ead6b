// Time with exactly six fraction digits, as Kubernetes' MicroTime demands. With three, the API server refuses the whole object: pods
// look healthy and nobody ever leads (kube:C8).
import type { Instant } from '../domain/clock.ts'

export function microTime(instant: Instant): string {
  return new Date(instant).toISOString().replace('Z', '000Z')
}

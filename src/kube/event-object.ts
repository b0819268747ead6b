// The Event objects of events.k8s.io/v1 that Roundsman writes (kube:S10). Pure.
import { createHash } from 'node:crypto'
import type { Instant } from '../domain/clock.ts'
import { apiVersionOf } from '../domain/kinds.ts'
import type { PlannedEvent } from '../reconcile/plan.ts'
import { microTime } from './micro-time.ts'

const reportingController = 'roundsman.dev/operator'

const noteBytesMax = 1_024
const nameMax = 128

/** Where an event stands; cluster-scoped objects have theirs in `default`. */
export function eventNamespace({ regarding }: PlannedEvent): string {
  return regarding.namespace === '' ? 'default' : regarding.namespace
}

/** The same for the same telling, so that a create whose answer was lost can be sent again. */
export function eventName({ regarding, reason }: PlannedEvent, firstAt: Instant): string {
  const digest = createHash('sha256').update(`${regarding.uid}/${reason}/${firstAt}`).digest('hex')
  return `${regarding.name.slice(0, 230)}.${digest.slice(0, 16)}`
}

export function eventObject(
  event: PlannedEvent,
  { name, firstAt, instance }: { name: string; firstAt: Instant; instance: string },
): Readonly<Record<string, unknown>> {
  const { regarding, type, reason, action, note } = event
  return {
    apiVersion: apiVersionOf('Event'),
    kind: 'Event',
    metadata: { name, namespace: eventNamespace(event) },
    eventTime: microTime(firstAt),
    reportingController,
    reportingInstance: instance.slice(0, nameMax),
    action: action.slice(0, nameMax),
    reason: reason.slice(0, nameMax),
    type,
    note: withinBytes(note, noteBytesMax),
    regarding: {
      apiVersion: apiVersionOf(regarding.kind),
      kind: regarding.kind,
      name: regarding.name,
      ...(regarding.namespace === '' ? {} : { namespace: regarding.namespace }),
      uid: regarding.uid,
    },
  }
}

/** The only part of an event that may change: how often it was repeated, and when last. */
export function seriesPatch(count: number, lastAt: Instant): Readonly<Record<string, unknown>> {
  return { series: { count, lastObservedTime: microTime(lastAt) } }
}

// The API server counts bytes; a character is never cut in two.
function withinBytes(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text, 'utf8')
  if (bytes.length <= bytesMax) return text
  let end = bytesMax - 3 // Room for the sign that something is missing.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return `${bytes.subarray(0, end).toString('utf8')}…`
}

// What the tests of Direct delivery are made of: policies, scrapes, alerts, and a notifier that answers as it is told.
import type {
  JudgedPolicy,
  JudgedSilence,
  Routing,
  RuleDefinition,
  ScrapedTarget,
} from '../../src/domain/judged-policy.ts'
import { fingerprintOf } from '../../src/evaluate/alert-identity.ts'
import type { Alert, Delivery, Notification, Notifier } from '../../src/evaluate/ports.ts'

export const downRule: RuleDefinition = {
  name: 'down',
  alert: 'TargetDown',
  severity: 'critical',
  forMs: 0,
  kind: 'down',
}

export const slowRule: RuleDefinition = {
  name: 'slow',
  alert: 'TargetSlow',
  severity: 'warning',
  forMs: 0,
  kind: 'latency',
  quantile: 0.95,
  aboveSeconds: 0.8,
  windowMs: 60_000,
  minProbes: 1,
}

const reference = { secretKeyRef: { name: 'keys', key: 'url' } }

export function routing(fields: Partial<Routing> = {}): Routing {
  return {
    routes: [{ receivers: ['hook'] }],
    groupBy: ['alertname', 'namespace', 'target'],
    groupWaitMs: 30_000,
    groupIntervalMs: 300_000,
    repeatMs: 14_400_000,
    receivers: [{ name: 'hook', webhook: { urlFrom: reference } }],
    ...fields,
  }
}

export function policy(fields: Partial<JudgedPolicy> = {}): JudgedPolicy {
  return {
    uid: 'uid-front',
    namespace: 'shop',
    name: 'front',
    targets: ['checkout'],
    rules: [downRule],
    routing: routing(),
    ...fields,
  }
}

export function scraped(fields: Partial<ScrapedTarget> = {}): ScrapedTarget {
  return {
    namespace: 'shop',
    target: 'checkout',
    verdict: 'Healthy',
    message: '',
    okDurationSeconds: 0.1,
    probesTotal: { ok: 0, degraded: 0, failed: 0, unknown: 0 },
    ...fields,
  }
}

/** Unhealthy, as a target that answers 503 is. */
export function unhealthy(fields: Partial<ScrapedTarget> = {}): ScrapedTarget {
  const { okDurationSeconds: _absent, ...rest } = scraped({
    verdict: 'Unhealthy',
    failureReason: 'HttpStatus',
    message: 'expected 2xx, got 503 from 10.2.3.4 after 1.2s',
    ...fields,
  })
  return rest
}

export function silence(fields: Partial<JudgedSilence> = {}): JudgedSilence {
  return {
    uid: 'uid-silence',
    namespace: 'shop',
    name: 'migration',
    matchers: [{ name: 'namespace', value: 'shop', isRegex: false, isEqual: true }],
    startsAt: 0,
    endsAt: Number.MAX_SAFE_INTEGER,
    ...fields,
  }
}

export function firing(
  fields: { target?: string; severity?: string; startsAt?: number; alertname?: string } = {},
): Alert {
  const { target = 'checkout', severity = 'critical', startsAt = 0, alertname = 'TargetDown' } = fields
  const labels = new Map(Object.entries({ alertname, namespace: 'shop', severity, target }))
  const annotations = new Map([['summary', `${target} is down`]])
  return { status: 'firing', labels, annotations, startsAt, fingerprint: fingerprintOf(labels) }
}

export function resolved(alert: Alert, endsAt: number): Alert {
  return { ...alert, status: 'resolved', endsAt }
}

const delivered: Delivery = { result: 'delivered' }

export function failure(fields: Partial<Extract<Delivery, { result: 'failed' }>> = {}): Delivery {
  return {
    result: 'failed',
    reason: 'Http5xx',
    message: 'hook.example.com answered 503',
    permanent: false,
    mayHaveArrived: false,
    ...fields,
  }
}

/** Stands for the outside world: remembers each message, gives the next of `answers`, or delivers. */
export class FakeNotifier implements Notifier {
  readonly sent: Notification[] = []
  readonly settled: { readonly notification: Notification; readonly delivery: Delivery }[] = []
  readonly answers: (Delivery | Promise<Delivery> | Error)[] = []

  async deliver(notification: Notification): Promise<Delivery> {
    this.sent.push(notification)
    const answer = this.answers.shift() ?? delivered
    if (answer instanceof Error) throw answer
    const delivery = await answer
    this.settled.push({ notification, delivery })
    return delivery
  }

  /** What was sent since the last call, one short line a message. */
  take(): readonly string[] {
    return this.sent.splice(0).map(printNotification)
  }
}

/** `hook: firing checkout, resolved cart` */
function printNotification({ receiver, alerts, repeat, mayBeRepeat }: Notification): string {
  const states = alerts.map(({ status, labels }) => `${status} ${labels.get('target')}`)
  const marks = [
    ...(repeat > 0 ? [` (repeat ${repeat})`] : []),
    ...(mayBeRepeat ? [' (may be a repeat)'] : []),
  ]
  return `${receiver.name}: ${states.join(', ')}${marks.join('')}`
}

/** A promise to settle by hand: an answer that takes its time. */
export function pendingDelivery(): {
  readonly promise: Promise<Delivery>
  readonly settle: (delivery: Delivery) => void
} {
  const { promise, resolve } = Promise.withResolvers<Delivery>()
  return { promise, settle: resolve }
}

// InspectionTarget: what is to be inspected, how often, and what counts as a failure.
import type { z } from 'zod'
import { conditions } from './conditions.ts'
import { type Constraint, exactlyOneOf } from './constraint.ts'
import { duration, lengthMs } from './duration.ts'
import { host, httpURL, scheme, serviceReference, urlPath } from './network.ts'
import {
  atomic,
  choice,
  flag,
  granular,
  instant,
  integer,
  integerOrText,
  sequence,
  setOf,
  text,
} from './schema.ts'
import { latencyThreshold } from './threshold.ts'

/** The interval of a target that sets none. */
export const defaultInterval = '30s'

const isRE2: Constraint<string> = {
  rule: "''.matches(self) in [true, false]",
  message: 'must be a regular expression of RE2: no backreference and no lookahead',
  holds: (pattern, judges) => judges.isPattern(pattern),
}

const bodyExpectation = atomic(
  'One expectation on the body.',
  {
    contains: text('The body must hold this text, for example ok.', { max: 1024 }).optional(),
    notContains: text('The body must not hold this text.', { max: 1024 }).optional(),
    matches: text(
      'The body must match this RE2 pattern anywhere, for example "state: (up|idle)".',
      { max: 1024 },
      [isRE2],
    ).optional(),
    notMatches: text('The body must not match this RE2 pattern anywhere.', { max: 1024 }, [isRE2]).optional(),
  },
  [exactlyOneOf(['contains', 'notContains', 'matches', 'notMatches'])],
)

const statusCode = integerOrText(
  'Integer or quoted string: a code such as 304, or a class such as "2xx".',
  { max: 3 },
  [
    {
      rule: "type(self) == int ? self >= 100 && self <= 599 : self.matches('^[1-5](xx|[0-9][0-9])$')",
      message: 'must be a status from 100 to 599, or a class from 1xx to 5xx',
      holds: (value) =>
        typeof value === 'number' ? value >= 100 && value <= 599 : /^[1-5](xx|[0-9][0-9])$/.test(value),
    },
  ],
)

const httpExpectation = atomic('What the answer must be; all of it must hold. Default: a 2xx status.', {
  status: setOf('Accepted statuses. Replaces the default ["2xx"]; for example ["2xx", 304].', statusCode, {
    min: 1,
    max: 16,
  }).optional(),
  body: sequence(
    'Expectations on the body, one per item. Over 1 MiB, or 256 KiB with a pattern, the probe fails.',
    bodyExpectation,
    {
      max: 16,
    },
  ).optional(),
  latency: atomic('Hard limit on the whole probe, from looking up the name to the last byte.', {
    below: latencyThreshold(
      'Integer or quoted string. Seconds, or with a unit, for example 800ms; slower is a failure.',
    ),
  }).optional(),
})

const http = granular(
  'Asks by HTTP GET. Exactly one of http and tcp.',
  {
    url: httpURL(
      'Where to ask, for example https://checkout.shop.svc/health. Exactly one of url and service.',
    ).optional(),
    service: serviceReference('Ask a Service of the same namespace, at its cluster address.').optional(),
    scheme: scheme('With service only. Default: http.').optional(),
    path: urlPath('With service only. Default: /. For example /health.').optional(),
    expect: httpExpectation.optional(),
  },
  [
    exactlyOneOf(['url', 'service']),
    {
      rule: '!has(self.url) || !(has(self.scheme) || has(self.path))',
      message: 'scheme and path are for service only; write them into url',
      holds: ({ url, scheme, path }) => url === undefined || (scheme === undefined && path === undefined),
    },
  ],
)

const tcp = atomic(
  'Opens a TCP connection and closes it. Exactly one of http and tcp.',
  {
    host: host(
      'Name or address to connect to, for example orders-db. Exactly one of host and service.',
    ).optional(),
    port: integer('Port of host, 1 to 65535, for example 5432.', { min: 1, max: 65_535 }).optional(),
    service: serviceReference(
      'Connect to a Service of the same namespace, at its cluster address.',
    ).optional(),
  },
  [
    exactlyOneOf(['host', 'service']),
    {
      rule: 'has(self.host) == has(self.port)',
      message: 'host and port go together; a service brings its own port',
      holds: ({ host, port }) => (host === undefined) === (port === undefined),
    },
  ],
)

const metrics = granular(
  "The application's own metrics, which Prometheus is told to scrape once a policy covers the target.",
  {
    service: serviceReference('Service of the same namespace that exposes the metrics.'),
    scheme: scheme('Default: http.').optional(),
    path: urlPath('Default: /metrics.').optional(),
    interval: duration(
      'How often Prometheus scrapes. Default: as Prometheus is configured. For example 30s.',
      {
        min: '1s',
        max: '24h',
      },
    ).optional(),
  },
)

type Pace = {
  readonly interval?: string | undefined
  readonly timeout?: string | undefined
  readonly retryInterval?: string | undefined
}

const timeoutFitsInterval: Constraint<Pace> = {
  rule: `!has(self.timeout) || self.timeout <= (has(self.interval) ? self.interval : duration('${defaultInterval}'))`,
  message: `timeout must not be longer than interval (${defaultInterval} where it is not set)`,
  fieldPath: '.timeout',
  holds: ({ interval = defaultInterval, timeout = '0s' }) => lengthMs(timeout) <= lengthMs(interval),
}

const retryFitsInterval: Constraint<Pace> = {
  rule: `!has(self.retryInterval) || self.retryInterval <= (has(self.interval) ? self.interval : duration('${defaultInterval}'))`,
  message: `retryInterval must not be longer than interval (${defaultInterval} where it is not set)`,
  fieldPath: '.retryInterval',
  holds: ({ interval = defaultInterval, retryInterval = '0s' }) =>
    lengthMs(retryInterval) <= lengthMs(interval),
}

export const inspectionTargetSpec = granular(
  'What is inspected, how often, and what counts as a failure.',
  {
    interval: duration(
      `Time from the start of one probe to the start of the next, 1s to 24h. Default: ${defaultInterval}.`,
      {
        min: '1s',
        max: '24h',
      },
    ).optional(),
    timeout: duration(
      'Deadline of one whole probe. Default: 10s or the interval, whichever is shorter. For example 5s.',
      {
        min: '10ms',
        max: '24h',
      },
    ).optional(),
    retryInterval: duration(
      'How soon to look again while the verdict is undecided. Default: the interval. For example 5s.',
      {
        min: '1s',
        max: '24h',
      },
    ).optional(),
    failureThreshold: integer('Failures in a row before the verdict is Unhealthy, 1 to 100. Default: 3.', {
      min: 1,
      max: 100,
    }).optional(),
    successThreshold: integer('Successes in a row before it is Healthy again, 1 to 100. Default: 1.', {
      min: 1,
      max: 100,
    }).optional(),
    degraded: atomic('When a target that answers counts as Degraded. Default: never.', {
      latency: duration('A probe slower than this is degraded, for example 800ms.', {
        min: '1ms',
        max: '24h',
      }),
    }).optional(),
    suspend: flag('true stops probing and alerting and keeps the object. Default: false.').optional(),
    http: http.optional(),
    tcp: tcp.optional(),
    metrics: metrics.optional(),
  },
  [exactlyOneOf(['http', 'tcp']), timeoutFitsInterval, retryFitsInterval],
)
export type InspectionTargetSpec = z.output<typeof inspectionTargetSpec>

const verdictName = (description: string) =>
  choice(description, ['Healthy', 'Degraded', 'Unhealthy', 'Unknown', 'Suspended'])

const transition = atomic('One change of the verdict.', {
  time: instant('When.'),
  from: verdictName('Verdict before.'),
  to: verdictName('Verdict after.'),
  reason: text('Reason of the probe that decided; empty on recovery.', { min: 0, max: 64 }),
})

export const inspectionTargetStatus = granular('What was found. Written by Roundsman alone.', {
  observedGeneration: integer('Generation of the spec that this status is about.', { min: 0 }).optional(),
  conditions: conditions().optional(),
  type: choice('Kind of probe.', ['http', 'tcp']).optional(),
  effective: atomic('The pace in force, computed defaults included.', {
    interval: text('Time between two probes.', { max: 64 }),
    timeout: text('Deadline of one probe.', { max: 64 }),
  }).optional(),
  verdict: verdictName('What the outcomes of the probes amount to.').optional(),
  since: instant('When the verdict became what it is.').optional(),
  reason: text('Why it is not Healthy, for example HttpStatus; else empty.', { min: 0, max: 64 }).optional(),
  message: text('What was expected and what was found, in one sentence; empty while Healthy.', {
    min: 0,
    max: 1024,
  }).optional(),
  transitions: sequence('The last 10 changes of the verdict, oldest first.', transition, {
    max: 10,
  }).optional(),
})

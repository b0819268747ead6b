// AlertPolicy: what counts as bad, who is told, and how.
import type { z } from 'zod'
import { conditions } from './conditions.ts'
import { type Constraint, exactlyOneOf, matching, oneOfKnownKinds } from './constraint.ts'
import { duration, lengthMs } from './duration.ts'
import { targetChoice } from './label-selector.ts'
import { resourceName } from './names.ts'
import { secretReference } from './references.ts'
import { atomic, choice, flag, granular, integer, listBy, sequence, setOf, text } from './schema.ts'
import { latencyThreshold } from './threshold.ts'

const severities = ['critical', 'warning', 'info', 'debug'] as const
export type Severity = (typeof severities)[number]

const severity = (description: string) => choice(description, severities)

const holdTime = (description: string) => duration(description, { min: '0s', max: '24h' })

const rule = granular(
  'One condition, which becomes one alert for each target.',
  {
    name: resourceName('Unique in the policy, for example down.'),
    severity: severity('How bad it is; routes choose receivers by it.'),
    down: atomic('Fires while the verdict is Unhealthy; failureThreshold of the target has already waited.', {
      for: holdTime(
        'How much longer it must last before it is told. Default: 0s. For example 1m.',
      ).optional(),
    }).optional(),
    latency: atomic('Fires while successful probes are too slow.', {
      quantile: text(
        'Which quantile of the latencies is judged: a quoted number above 0 and up to 1, for example "0.95".',
        {
          max: 16,
          shape: {
            pattern: /^(0[.][0-9]*[1-9][0-9]*|1([.]0+)?)$/,
            otherwise: 'is not a quantile; write a quoted number above 0 and up to 1, for example "0.95"',
          },
        },
      ),
      above: latencyThreshold(
        'Integer or quoted string. Latency in seconds, or with a unit, for example 800ms.',
      ),
      window: duration('Stretch of time over which the quantile is taken, 10s to 24h. Default: 5m.', {
        min: '10s',
        max: '24h',
      }).optional(),
      minProbes: integer(
        'Successful probes there must be in the window. Default: half of what fits, at most 10.',
        {
          min: 1,
          max: 100_000,
        },
      ).optional(),
      for: holdTime('How long it must last before it is told. Default: 3m.').optional(),
    }).optional(),
  },
  [oneOfKnownKinds(['down', 'latency'], '; one without settings is written down: {}')],
)
export type Rule = z.output<typeof rule>

const mailAddress = (description: string) =>
  text(description, { max: 254 }, [
    matching(
      /^[-.!#$%&'*+/=?^_{|}~A-Za-z0-9]+@[-.A-Za-z0-9]+$/,
      'must be one plain mail address, for example ops@example.com',
    ),
  ])

const email = atomic(
  'Sends mail through a mail server.',
  {
    to: setOf('Who gets the mail, for example [ops@example.com].', mailAddress('Mail address.'), {
      min: 1,
      max: 32,
    }),
    from: mailAddress('Sender, for example roundsman@example.com.'),
    smarthost: text('Host and port of the mail server, for example smtp.example.com:587.', { max: 261 }, [
      matching(
        /^([a-zA-Z0-9_]([-a-zA-Z0-9_.]*[a-zA-Z0-9_])?|\[[0-9a-fA-F:.]+\]):[1-9][0-9]{0,4}$/,
        'must be a host and a port, for example smtp.example.com:587',
      ),
    ]),
    username: text('Name to log in with; with passwordFrom. Default: no login.', { max: 254 }).optional(),
    passwordFrom: secretReference('Password to log in with; with username.').optional(),
    requireTLS: flag('false also sends over a connection that is not encrypted. Default: true.').optional(),
  },
  [
    {
      rule: 'has(self.username) == has(self.passwordFrom)',
      message: 'username and passwordFrom go together; set both or none',
      holds: ({ username, passwordFrom }) => (username === undefined) === (passwordFrom === undefined),
    },
  ],
)

const receiver = granular(
  'One place where messages go.',
  {
    name: resourceName('Unique in the policy, for example oncall.'),
    webhook: atomic("Posts JSON in the form of Alertmanager's webhook.", {
      urlFrom: secretReference('URL to post to; a URL often holds a token, so it is a secret.'),
      bearerFrom: secretReference('Bearer token to send along. Default: none.').optional(),
    }).optional(),
    email: email.optional(),
  },
  [exactlyOneOf(['webhook', 'email'])],
)
export type Receiver = z.output<typeof receiver>

const route = atomic('Sends alerts of some severities to some receivers.', {
  severities: setOf('Severities it takes, for example [critical]. Default: all.', severity('Severity.'), {
    min: 1,
    max: 4,
  }).optional(),
  receivers: setOf(
    'Names of receivers, for example [oncall]; [] tells nobody.',
    resourceName('Name of a receiver.'),
    {
      max: 16,
    },
  ),
})

const grouping = atomic(
  'How alerts are put together into messages.',
  {
    by: setOf(
      'Labels whose alerts share a message. Default: [alertname, namespace, target].',
      text('Label name, for example target.', {
        max: 128,
        shape: {
          pattern: /^[a-zA-Z_][a-zA-Z0-9_]*$/,
          otherwise: 'is not a label name; use letters, digits and _',
        },
      }),
      { min: 1, max: 16 },
    ).optional(),
    wait: duration('How long a new group waits for more alerts before its first message. Default: 30s.', {
      min: '1s',
      max: '1h',
    }).optional(),
    interval: duration('Least time between two messages of a group that changed. Default: 5m.', {
      min: '1s',
      max: '24h',
    }).optional(),
    repeat: duration(
      'When an unchanged group is told again; below the 120h that Alertmanager remembers. Default: 4h.',
      {
        min: '1m',
        max: '119h',
      },
    ).optional(),
  },
  [
    {
      rule: "(has(self.repeat) ? self.repeat : duration('4h')) >= (has(self.interval) ? self.interval : duration('5m'))",
      message: 'repeat (4h where it is not set) must not be shorter than interval (5m where it is not set)',
      fieldPath: '.repeat',
      holds: ({ repeat = '4h', interval = '5m' }) => lengthMs(repeat) >= lengthMs(interval),
    },
  ],
)

type Delivery = {
  readonly receivers?: readonly Receiver[] | undefined
  readonly defaultReceiver?: string | undefined
  readonly routes?: readonly z.output<typeof route>[] | undefined
}

const isReceiver = 'has(self.receivers) && self.receivers.exists(r, r.name == n)'

const routesNameReceivers: Constraint<Delivery> = {
  rule: `!has(self.routes) || self.routes.all(t, t.receivers.all(n, ${isReceiver}))`,
  message: 'every name in routes must be that of a receiver',
  fieldPath: '.routes',
  naming: {
    messageExpression: `"no receiver is called '" + self.routes.filter(t, !t.receivers.all(n, ${isReceiver}))[0].receivers.filter(n, !(${isReceiver}))[0] + "'; add it to receivers or change the route"`,
    message: (policy) =>
      `no receiver is called '${unknownReceivers(policy)[0]}'; add it to receivers or change the route`,
  },
  holds: (policy) => unknownReceivers(policy).length === 0,
}

const severalNeedDefault: Constraint<Delivery> = {
  rule: '!has(self.receivers) || self.receivers.size() <= 1 || has(self.defaultReceiver)',
  message: 'defaultReceiver is required with more than one receiver; it takes what no route matches',
  holds: ({ receivers = [], defaultReceiver }) => receivers.length <= 1 || defaultReceiver !== undefined,
}

const defaultIsReceiver: Constraint<Delivery> = {
  rule: '!has(self.defaultReceiver) || (has(self.receivers) && self.receivers.exists(r, r.name == self.defaultReceiver))',
  message: 'defaultReceiver must be the name of a receiver',
  fieldPath: '.defaultReceiver',
  holds: ({ receivers = [], defaultReceiver }) =>
    defaultReceiver === undefined || receivers.some(({ name }) => name === defaultReceiver),
}

function unknownReceivers({ receivers = [], routes = [] }: Delivery): string[] {
  const known = new Set(receivers.map(({ name }) => name))
  return routes.flatMap((route) => route.receivers.filter((name) => !known.has(name)))
}

export const alertPolicySpec = granular(
  'What counts as bad, who is told, and how.',
  {
    targets: targetChoice('Which targets of the same namespace: the union of names and selector.'),
    rules: listBy('What is alerted on; each rule becomes one alert for each target.', 'name', rule, {
      min: 1,
      max: 64,
    }),
    receivers: listBy(
      'Where messages go. Default: none, so alerts are raised and nobody is told.',
      'name',
      receiver,
      {
        max: 32,
      },
    ).optional(),
    defaultReceiver: resourceName(
      'Receiver of what no route takes. Required with more than one receiver.',
    ).optional(),
    routes: sequence('Which severities go where; the first that matches wins.', route, {
      max: 32,
    }).optional(),
    grouping: grouping.optional(),
  },
  [routesNameReceivers, severalNeedDefault, defaultIsReceiver],
)
export type AlertPolicySpec = z.output<typeof alertPolicySpec>

export const alertPolicyStatus = granular('What became of the policy. Written by Roundsman alone.', {
  observedGeneration: integer('Generation of the spec that this status is about.', { min: 0 }).optional(),
  conditions: conditions().optional(),
  delivery: choice('Who judges the rules and delivers the alerts.', ['Prometheus', 'Direct']).optional(),
  targets: integer('How many targets the policy covers.', { min: 0 }).optional(),
  objects: sequence(
    'Objects that were made for the policy.',
    atomic('One object in the same namespace.', {
      kind: text('Kind, for example PrometheusRule.', { max: 63 }),
      name: text('Name.', { max: 253 }),
    }),
    { max: 16 },
  ).optional(),
})

// Silence: when to keep quiet, and about what. It mutes only alerts of its own namespace.
import type { z } from 'zod'
import { conditions } from './conditions.ts'
import { type Constraint, exactlyOneOf } from './constraint.ts'
import { duration } from './duration.ts'
import { targetChoice } from './label-selector.ts'
import { atomic, choice, defaulted, granular, instant, integer, listBy, sequence, text } from './schema.ts'

const matcher = atomic(
  'One condition on a label of an alert.',
  {
    name: text(
      'Label, for example alertname. Not namespace: a silence always mutes its own alone.',
      {
        max: 128,
        shape: {
          pattern: /^[a-zA-Z_][a-zA-Z0-9_]*$/,
          otherwise: 'is not a label name; use letters, digits and _',
        },
      },
      [
        {
          rule: "self != 'namespace'",
          message:
            'must not be namespace; a silence mutes only alerts of its own namespace, and that is added for you',
          holds: (name) => name !== 'namespace',
        },
      ],
    ),
    matchType: defaulted(
      choice(
        'How to compare: = and != with the text, =~ and !~ with the RE2 pattern, which must match the whole value.',
        ['=', '!=', '=~', '!~'],
      ),
      '=',
    ),
    value: text('What to compare with, for example Target(Down|Slow).', { min: 0, max: 1024 }),
  },
  [
    {
      rule: "self.matchType in ['=', '!='] || ''.matches('^(?:' + self.value + ')$') in [true, false]",
      message: 'value must be a regular expression of RE2: no backreference and no lookahead',
      // No fieldPath: where CEL cannot compile the pattern, the API server names the whole matcher anyway.
      holds: (matcher, judges) => judges.isMatcher(matcher),
    },
  ],
)
type Matcher = z.output<typeof matcher>

type Breadth = { readonly targets?: unknown; readonly matchers?: readonly Matcher[] | undefined }

const mutesSomething: Constraint<Breadth> = {
  rule: 'has(self.targets) || has(self.matchers)',
  message: 'targets or matchers must be set, else it is not said what is muted',
  holds: ({ targets, matchers }) => targets !== undefined || matchers !== undefined,
}

const isNarrow: Constraint<Breadth> = {
  rule: "has(self.targets) || !has(self.matchers) || self.matchers.exists(m, m.matchType == '=' && m.value != '' || m.matchType == '=~' && !''.matches('^(?:' + m.value + ')$') && !'no.alert is-called+so'.matches('^(?:' + m.value + ')$'))",
  message:
    'at least one matcher with = or =~ must match neither the empty text nor everything, or targets must be set',
  fieldPath: '.matchers',
  holds: ({ targets, matchers }, judges) =>
    targets !== undefined || matchers === undefined || judges.areNarrow(matchers),
}

const endsAfterStart: Constraint<{
  readonly startsAt?: string | undefined
  readonly endsAt?: string | undefined
}> = {
  rule: '!has(self.startsAt) || !has(self.endsAt) || self.endsAt > self.startsAt',
  message: 'endsAt must be after startsAt',
  fieldPath: '.endsAt',
  holds: ({ startsAt, endsAt }) =>
    startsAt === undefined || endsAt === undefined || Date.parse(endsAt) > Date.parse(startsAt),
}

export const silenceSpec = granular(
  'When to keep quiet, and about what. Targets and matchers must both hold.',
  {
    targets: targetChoice('Which targets; one that selects nothing mutes nothing.').optional(),
    matchers: sequence('Conditions on the labels of an alert, all of which must hold.', matcher, {
      max: 32,
    }).optional(),
    startsAt: instant(
      'When it begins, for example 2026-11-22T10:00:00Z. Default: when the Silence was created.',
    ).optional(),
    endsAt: instant(
      'When it ends, for example 2026-11-22T12:00:00Z. Exactly one of endsAt and duration.',
    ).optional(),
    duration: duration('How long it holds from its start, 1s to 8760h (a year), for example 2h.', {
      min: '1s',
      max: '8760h',
    }).optional(),
    comment: text('Why, for the people who wonder, for example database migration.', { max: 1024 }),
    author: text('Who asked for it, for example li.na.', { max: 254 }).optional(),
  },
  [mutesSomething, isNarrow, exactlyOneOf(['endsAt', 'duration']), endsAfterStart],
)
export type SilenceSpec = z.output<typeof silenceSpec>

const alertmanager = granular('The silence in one Alertmanager.', {
  name: text('Which Alertmanager, for example monitoring/main.', { max: 317 }),
  silenceID: text('Id of the silence there; empty while there is none.', { min: 0, max: 64 }),
  state: text('State of the silence there: active, pending or expired; empty while there is none.', {
    min: 0,
    max: 16,
  }),
  problem: text('Why it is not as it should be; else empty.', { min: 0, max: 1024 }),
})

export const silenceStatus = granular('What became of the silence. Written by Roundsman alone.', {
  observedGeneration: integer('Generation of the spec that this status is about.', { min: 0 }).optional(),
  conditions: conditions().optional(),
  state: choice('Whether its window is yet to come, open, or over.', [
    'Pending',
    'Active',
    'Expired',
  ]).optional(),
  window: atomic('The stretch of time in which it mutes.', {
    startsAt: instant('Its start.'),
    endsAt: instant('Its end.'),
  }).optional(),
  alertmanagers: listBy('Every Alertmanager that was told.', 'name', alertmanager, { max: 16 }).optional(),
})

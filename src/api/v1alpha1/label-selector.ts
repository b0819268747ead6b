// Label selectors, and the choice of targets by name and label that policies and silences share.
import { type Constraint, celText, re2Of } from './constraint.ts'
import { resourceNames } from './names.ts'
import { atomic, choice, granular, sequence, text, textMap } from './schema.ts'

const keyPattern = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const keySentence = 'must be a label key such as tier or example.com/tier'

const labelValue = text('Value of the label.', {
  min: 0,
  max: 63,
  shape: {
    pattern: /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/,
    otherwise: 'is not a label value; use letters, digits, -, _ and ., with a letter or digit at both ends',
  },
})

const keysAreLabels: Constraint<Readonly<Record<string, string>>> = {
  rule: `self.all(k, k.matches(${celText(re2Of(keyPattern))}))`,
  message: `every name ${keySentence}`,
  holds: (value) => Object.keys(value).every((key) => keyPattern.test(key)),
}

const requirement = atomic(
  'One condition on a label.',
  {
    key: text('Key of the label, for example tier.', {
      max: 316,
      shape: { pattern: keyPattern, otherwise: keySentence },
    }),
    operator: choice('In and NotIn compare with values; Exists and DoesNotExist take none.', [
      'In',
      'NotIn',
      'Exists',
      'DoesNotExist',
    ]),
    values: sequence('Values for In and NotIn, for example [front, back].', labelValue, {
      max: 64,
    }).optional(),
  },
  [
    {
      rule: "has(self.values) && self.values.size() > 0 ? self.operator in ['In', 'NotIn'] : self.operator in ['Exists', 'DoesNotExist']",
      message: 'In and NotIn need values; Exists and DoesNotExist take none',
      fieldPath: '.values',
      holds: ({ operator, values = [] }) => (operator === 'In' || operator === 'NotIn') === values.length > 0,
    },
  ],
)

/** As Kubernetes means it: all conditions hold; the empty selector selects everything. */
function labelSelector(description: string) {
  return atomic(description, {
    matchLabels: textMap(
      'Labels that must all be there, for example {tier: front}.',
      { max: 16, value: labelValue },
      [keysAreLabels],
    ).optional(),
    matchExpressions: sequence('Further conditions, all of which must hold.', requirement, {
      max: 16,
    }).optional(),
  })
}

/** Targets by name or by label: the union of both, in the same namespace. */
export function targetChoice(description: string) {
  return granular(
    description,
    {
      names: resourceNames('Targets by name, for example [checkout].', 256).optional(),
      selector: labelSelector('Targets by label; {} selects all of the namespace.').optional(),
    },
    [
      {
        rule: '[has(self.names) && self.names.size() > 0, has(self.selector)].exists(x, x)',
        message: 'names or selector must be set; selector: {} selects all targets of the namespace',
        holds: ({ names = [], selector }) => names.length > 0 || selector !== undefined,
      },
    ],
  )
}

// The three kinds as the API serves them: names, schemas, printer columns.
import { alertPolicySpec, alertPolicyStatus } from './alert-policy.ts'
import { inspectionTargetSpec, inspectionTargetStatus } from './inspection-target.ts'
import { silenceSpec, silenceStatus } from './silence.ts'

export const group = 'roundsman.dev'
export const version = 'v1alpha1'

type PrinterColumn = {
  readonly name: string
  readonly type: 'string' | 'integer' | 'date'
  readonly description: string
  readonly jsonPath: string
  /** 1: only with -o wide. */
  readonly priority?: 1
}

const age: PrinterColumn = {
  name: 'Age',
  type: 'date',
  description: 'Time since it was created.',
  jsonPath: '.metadata.creationTimestamp',
}

const ready = {
  name: 'Ready',
  type: 'string',
  description: 'Whether the spec was accepted and is carried out.',
  jsonPath: '.status.conditions[?(@.type=="Ready")].status',
} as const

export const resources = {
  InspectionTarget: {
    plural: 'inspectiontargets',
    singular: 'inspectiontarget',
    shortName: 'itgt',
    description:
      'Something to be inspected at a steady pace: a URL, a Service or a port, and what counts as a failure.',
    spec: inspectionTargetSpec,
    status: inspectionTargetStatus,
    selectableFields: ['.status.verdict', '.status.reason'],
    columns: [
      { name: 'Verdict', type: 'string', description: 'What was found.', jsonPath: '.status.verdict' },
      { name: 'Since', type: 'date', description: 'For how long.', jsonPath: '.status.since' },
      { name: 'Reason', type: 'string', description: 'Why it is not healthy.', jsonPath: '.status.reason' },
      { ...ready, priority: 1 },
      { name: 'Type', type: 'string', description: 'Kind of probe.', jsonPath: '.status.type', priority: 1 },
      {
        name: 'Interval',
        type: 'string',
        description: 'Time between two probes.',
        jsonPath: '.status.effective.interval',
        priority: 1,
      },
      {
        name: 'Message',
        type: 'string',
        description: 'What was expected and what was found.',
        jsonPath: '.status.message',
        priority: 1,
      },
      age,
    ],
  },
  AlertPolicy: {
    plural: 'alertpolicies',
    singular: 'alertpolicy',
    shortName: 'apol',
    description: 'What counts as bad about some targets, who is told, and how.',
    spec: alertPolicySpec,
    status: alertPolicyStatus,
    selectableFields: [],
    columns: [
      ready,
      {
        name: 'Targets',
        type: 'integer',
        description: 'How many targets it covers.',
        jsonPath: '.status.targets',
      },
      {
        name: 'Delivery',
        type: 'string',
        description: 'Who judges the rules and delivers the alerts.',
        jsonPath: '.status.delivery',
        priority: 1,
      },
      {
        name: 'Message',
        type: 'string',
        description: 'Why it is ready or not.',
        jsonPath: '.status.conditions[?(@.type=="Ready")].message',
        priority: 1,
      },
      age,
    ],
  },
  Silence: {
    plural: 'silences',
    singular: 'silence',
    shortName: 'sil',
    description: 'A stretch of time in which some alerts of this namespace are not told to anybody.',
    spec: silenceSpec,
    status: silenceStatus,
    selectableFields: [],
    columns: [
      {
        name: 'State',
        type: 'string',
        description: 'Whether its window is yet to come, open, or over.',
        jsonPath: '.status.state',
      },
      // Not `date`: that prints an age, and <invalid> for a time to come.
      {
        name: 'Until',
        type: 'string',
        description: 'When its window ends.',
        jsonPath: '.status.window.endsAt',
      },
      { name: 'Comment', type: 'string', description: 'Why it was made.', jsonPath: '.spec.comment' },
      age,
    ],
  },
} as const satisfies Record<string, Resource>

export type ResourceKind = keyof typeof resources
export const resourceKinds = Object.keys(resources) as readonly ResourceKind[]

export type Resource = {
  readonly plural: string
  readonly singular: string
  readonly shortName: string
  readonly description: string
  readonly spec: typeof inspectionTargetSpec | typeof alertPolicySpec | typeof silenceSpec
  readonly status: typeof inspectionTargetStatus | typeof alertPolicyStatus | typeof silenceStatus
  readonly selectableFields: readonly string[]
  readonly columns: readonly PrinterColumn[]
}

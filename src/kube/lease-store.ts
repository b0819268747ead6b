// One Lease object as the elector sees it: read, created, replaced under its resource version. Every call is urgent and bounded.
import type { ApiFailure } from '../control/ports.ts'
import { apiVersionOf } from '../domain/kinds.ts'
import type { Ref } from '../domain/kube-object.ts'
import { malformed, type Question } from './failure.ts'
import { collectionPath, objectPath, resourceName } from './paths.ts'
import type { Call, Transport } from './transport.ts'

export type LeaseRecord = {
  readonly holder: string // '' when it was released.
  readonly durationSeconds: number
  readonly acquireTime: string // MicroTime: six fraction digits.
  readonly renewTime: string
  readonly transitions: number
  readonly annotations: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly resourceVersion: string // '' for one that is to be created.
}

export type LeaseAnswer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly failure: ApiFailure }

export type LeaseStore = {
  read(deadlineMs: number): Promise<LeaseAnswer<LeaseRecord | undefined>>
  /** `conflict`, `alreadyExists` or `notFound` when the record has moved since it was read: somebody else was faster. */
  write(record: LeaseRecord, deadlineMs: number): Promise<LeaseAnswer<LeaseRecord>>
}

export function leaseStore(
  transport: Pick<Transport, 'send'>,
  { namespace, name }: { namespace: string; name: string },
): LeaseStore {
  const ref: Ref = { kind: 'Lease', namespace, name }
  const question = (verb: string): Question => ({ verb, resource: resourceName('Lease'), namespace, name })
  const send = async (call: Call, deadlineMs: number): Promise<LeaseAnswer<LeaseRecord>> => {
    const answer = await transport.send({ ...call, deadlineMs, isUrgent: true })
    if (!answer.ok) return answer
    const record = recordOf(answer.value)
    return record === undefined
      ? { ok: false, failure: malformed(call.question, 'it is no Lease') }
      : { ok: true, value: record }
  }
  return {
    async read(deadlineMs) {
      const answer = await send(
        { question: question('get'), method: 'GET', path: objectPath(ref) },
        deadlineMs,
      )
      return !answer.ok && answer.failure.kind === 'notFound' ? { ok: true, value: undefined } : answer
    },
    write(record, deadlineMs) {
      const body = leaseObject(ref, record)
      return record.resourceVersion === ''
        ? send(
            { question: question('create'), method: 'POST', path: collectionPath('Lease', namespace), body },
            deadlineMs,
          )
        : send({ question: question('update'), method: 'PUT', path: objectPath(ref), body }, deadlineMs)
    },
  }
}

function leaseObject({ namespace, name }: Ref, record: LeaseRecord): object {
  const {
    holder,
    durationSeconds,
    acquireTime,
    renewTime,
    transitions,
    annotations,
    labels,
    resourceVersion,
  } = record
  return {
    apiVersion: apiVersionOf('Lease'),
    kind: 'Lease',
    metadata: {
      name,
      namespace,
      labels,
      annotations,
      ...(resourceVersion === '' ? {} : { resourceVersion }),
    },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: durationSeconds,
      acquireTime,
      renewTime,
      leaseTransitions: transitions,
    },
  }
}

/** Tolerant: a record that a person emptied is one that nobody holds. */
function recordOf(answer: unknown): LeaseRecord | undefined {
  const { metadata, spec } = (answer ?? {}) as { metadata?: Fields; spec?: Fields }
  if (typeof metadata?.resourceVersion !== 'string') return undefined
  return {
    holder: textOf(spec?.holderIdentity),
    durationSeconds: numberOf(spec?.leaseDurationSeconds),
    acquireTime: textOf(spec?.acquireTime),
    renewTime: textOf(spec?.renewTime),
    transitions: numberOf(spec?.leaseTransitions),
    annotations: (metadata.annotations ?? {}) as Readonly<Record<string, string>>,
    labels: (metadata.labels ?? {}) as Readonly<Record<string, string>>,
    resourceVersion: metadata.resourceVersion,
  }
}

type Fields = Readonly<Record<string, unknown>>

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

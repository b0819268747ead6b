// Reads the API server's refusals and the network's troubles once, into a closed union (kube:C7). Decides by code, reason and cause;
// texts are for people only.
import type { ApiFailure } from '../control/ports.ts'

/** An ApiFailure with what the reflector and the elector have to tell apart below the port. */
export type CallFailure = ApiFailure & {
  readonly trouble:
    | 'refused' // The API server said no, for good or until something changes.
    | 'unauthorized' // It does not take our credentials.
    | 'expired' // The history asked for is compacted: list anew.
    | 'tooNew' // This server does not yet know the version asked for, or etcd was restored.
    | 'overloaded' // 429.
    | 'broken' // 5xx.
    | 'network' // No answer, or half of one; `code` says how.
    | 'malformed' // An answer that is not what the API speaks, or over the byte limit.
    | 'stopped' // We gave the call up ourselves.
  readonly status?: number // The HTTP code, when there was an answer.
  readonly code?: string // Of the network's trouble, e.g. ECONNREFUSED.
}

/** What was asked, for the message: `list` on `services`, in namespace `shop` or in the whole cluster, of the object `name`. */
export type Question = {
  readonly verb: string
  readonly resource: string
  readonly namespace?: string
  readonly name?: string
}

type Status = {
  readonly reason?: string
  readonly message?: string
  readonly details?: {
    readonly name?: string
    readonly causes?: readonly { readonly reason?: string; readonly field?: string }[]
  }
}

/** The failure that an answer other than 2xx stands for. `body` may be a Status, a proxy's page or empty. */
export function failureOfAnswer(
  code: number,
  body: unknown,
  { question, retryAfterMs }: { question: Question; retryAfterMs?: number },
): CallFailure {
  const status = statusOf(body)
  const message = `${describe(question)} answered ${code}${status.message ? `: ${status.message}` : ''}`
  const failure = { ...classify(code, status, question), message, status: code }
  if (failure.kind === 'forbidden') return { ...failure, message: forbidden(question, status) }
  return retryAfterMs === undefined ? failure : { ...failure, retryAfterMs }
}

/** The failure that a call without a usable answer stands for: refused, reset, timed out, cut off. */
export function failureOfNetwork(error: unknown, question: Question): CallFailure {
  const code = codeOf(error)
  const detail = error instanceof Error ? error.message : String(error)
  const message = `${describe(question)} got no answer: ${detail}${code && !detail.includes(code) ? ` (${code})` : ''}`
  return { kind: 'unavailable', trouble: 'network', message, ...(code === undefined ? {} : { code }) }
}

export function malformed(question: Question, detail: string): CallFailure {
  return {
    kind: 'unavailable',
    trouble: 'malformed',
    message: `${describe(question)} got an unusable answer: ${detail}`,
  }
}

export function stopped(question: Question): CallFailure {
  return {
    kind: 'unavailable',
    trouble: 'stopped',
    message: `${describe(question)} was given up: Roundsman is stopping`,
  }
}

/** Milliseconds of a Retry-After header in seconds, the only form the API server sends; undefined when absent or otherwise. */
export function retryAfterMs(header: string | string[] | undefined): number | undefined {
  const text = Array.isArray(header) ? header[0] : header
  if (text === undefined || !/^\d{1,6}$/.test(text)) return undefined
  return Number(text) * 1_000
}

type Class = Pick<CallFailure, 'kind' | 'trouble'>

function classify(code: number, { reason, details }: Status, question: Question): Class {
  const hasCause = (wanted: string) => details?.causes?.some((cause) => cause.reason === wanted) === true
  const hasFieldCause = (field: string) => details?.causes?.some((cause) => cause.field === field) === true
  if (code === 401) return { kind: 'unavailable', trouble: 'unauthorized' }
  if (code === 403)
    return { kind: hasCause('NamespaceTerminating') ? 'terminating' : 'forbidden', trouble: 'refused' }
  if (code === 404) {
    // A path that no kind is served under answers in plain text, or names no object.
    const isObject = question.name !== undefined && reason === 'NotFound' && details?.name !== undefined
    return { kind: isObject ? 'notFound' : 'notServed', trouble: 'refused' }
  }
  if (code === 409)
    return { kind: reason === 'AlreadyExists' ? 'alreadyExists' : 'conflict', trouble: 'refused' }
  if (code === 410) return { kind: 'unavailable', trouble: 'expired' }
  if (code === 422 && hasFieldCause('metadata.uid')) return { kind: 'conflict', trouble: 'refused' }
  if (code === 429) return { kind: 'unavailable', trouble: 'overloaded' }
  if (code === 504 && hasCause('ResourceVersionTooLarge')) return { kind: 'unavailable', trouble: 'tooNew' }
  if (code >= 500 || code < 400) return { kind: 'unavailable', trouble: 'broken' }
  return { kind: 'invalid', trouble: 'refused' }
}

function forbidden(question: Question, { message }: Status): string {
  const { resource, namespace, name } = question
  // One apply needs two rights, to patch and to create; which of them is missing only the server's sentence tells.
  const verb = /\bcannot (\w+) resource\b/.exec(message ?? '')?.[1] ?? question.verb
  const where = namespace ? `in namespace ${namespace}` : 'in the whole cluster'
  const which = name === undefined ? '' : ` ${name}`
  return `not permitted to ${verb} ${resource}${which} ${where}${message ? `: ${message}` : ''}`
}

function describe({ verb, resource, namespace, name }: Question): string {
  const object = [namespace, name].filter((part) => part !== undefined && part !== '').join('/')
  return `${verb} ${resource}${object === '' ? '' : ` ${object}`}`
}

function statusOf(body: unknown): Status {
  if (typeof body !== 'object' || body === null) return {}
  const { reason, message, details } = body as Record<string, unknown>
  return {
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(typeof message === 'string' ? { message } : {}),
    ...(typeof details === 'object' && details !== null ? { details } : {}),
  }
}

// undici wraps some errors of the socket; the innermost code says most.
function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { code, cause } = error as { code?: unknown; cause?: unknown }
  return codeOf(cause) ?? (typeof code === 'string' ? code : undefined)
}

export function heldBack(question: Question): CallFailure {
  const message = `${describe(question)} was not sent: the API server is overloaded`
  return { kind: 'unavailable', trouble: 'overloaded', message }
}

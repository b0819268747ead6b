// What an HTTP answer must be: status and body, compiled once per target. Patterns are RE2, never RegExp: a pattern from a spec must
// not be able to hold the event loop. Pure; probing.md sections 2 and 7.
import { RE2JS, RE2JSException } from 're2js'
import type { HttpProbe, TextExpectation } from './probe-entry.ts'

export type Expectation = {
  isAcceptedStatus(status: number): boolean
  /** `expected 2xx`-like text for messages. */
  readonly statusText: string
  readonly judgeBody: (body: Uint8Array) => BodyFinding
}

export type BodyFinding =
  | { readonly kind: 'holds' }
  | { readonly kind: 'broken'; readonly message: string; readonly byPattern: boolean }
  | { readonly kind: 'too-large'; readonly message: string } // For a pattern. Never cut: half a text could match what the whole does not.

export type Compiled =
  | { readonly ok: true; readonly expectation: Expectation }
  | { readonly ok: false; readonly message: string } // Names the pattern that cannot be read.

/** Longer texts would hold the event loop for a noticeable time: 1 MiB about 0.4 s. */
export const patternInputBytesMax = 256 * 1024

type TextCheck = {
  readonly isPattern: boolean
  readonly holds: (text: string) => boolean
  readonly says: string
}

export function compileExpectation(expect: HttpProbe['expect']): Compiled {
  try {
    const checks = expect.body.map(compileText)
    return {
      ok: true,
      expectation: {
        isAcceptedStatus: (status) => expect.status.some((accepted) => matchesStatus(accepted, status)),
        statusText: expect.status.join(' or '),
        judgeBody: (body) => judgeBody(checks, body),
      },
    }
  } catch (error) {
    if (error instanceof RE2JSException) return { ok: false, message: error.message }
    throw error
  }
}

/** Whether a status fits `2xx`-like classes (any case) or an exact code. */
export function matchesStatus(accepted: string, status: number): boolean {
  const [, hundreds] = /^([1-5])xx$/i.exec(accepted) ?? []
  return hundreds === undefined ? accepted === String(status) : Math.floor(status / 100) === Number(hundreds)
}

function judgeBody(checks: readonly TextCheck[], body: Uint8Array): BodyFinding {
  if (checks.length === 0) return { kind: 'holds' }
  if (body.byteLength > patternInputBytesMax && checks.some((check) => check.isPattern)) {
    return { kind: 'too-large', message: `a body of ${body.byteLength} bytes is too long for a pattern` }
  }
  const text = new TextDecoder().decode(body)
  const broken = checks.find((check) => !check.holds(text))
  return broken === undefined
    ? { kind: 'holds' }
    : { kind: 'broken', message: `expected a body that ${broken.says}`, byPattern: broken.isPattern }
}

function compileText(expected: TextExpectation): TextCheck {
  if ('contains' in expected) {
    return {
      isPattern: false,
      holds: (text) => text.includes(expected.contains),
      says: `contains "${expected.contains}"`,
    }
  }
  if ('notContains' in expected) {
    return {
      isPattern: false,
      holds: (text) => !text.includes(expected.notContains),
      says: `does not contain "${expected.notContains}"`,
    }
  }
  const isForbidden = 'notMatches' in expected
  const source = isForbidden ? expected.notMatches : expected.matches
  const pattern = RE2JS.compile(source)
  return {
    isPattern: true,
    holds: (text) => pattern.test(text) !== isForbidden,
    says: isForbidden ? `does not match ${source}` : `matches ${source}`,
  }
}

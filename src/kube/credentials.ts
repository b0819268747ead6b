// How a call says who we are: headers, read anew as the files and plugins behind them change (kube:C9).
import { readFile } from 'node:fs/promises'
import type { Clock } from '../domain/clock.ts'

export type Credentials = {
  /** Headers for one call. Rejects when they cannot be had now, which is a transient trouble: a token file may be in the act of rotation. */
  headers(): Promise<Readonly<Record<string, string>>>
  /** The API server refused them: the next `headers` reads anew. */
  forget(): void
}

export function fixedCredentials(headers: Readonly<Record<string, string>>): Credentials {
  return { headers: async () => headers, forget: () => {} }
}

const tokenAgeMaxMs = 60_000

/** A bearer token in a file that somebody else rotates, as the kubelet does with a ServiceAccount's. */
export function tokenFileCredentials(file: string, clock: Clock): Credentials {
  return refreshed(clock, async () => {
    const token = (await readFile(file, 'utf8')).trim()
    if (token === '') throw new Error(`the token file ${file} is empty`)
    return { value: bearer(token), goodForMs: tokenAgeMaxMs }
  })
}

export function bearer(token: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${token}` }
}

export type Fresh<Value> = { readonly value: Value; readonly goodForMs: number }

/** Keeps what `read` gave for as long as it is good; callers at the same moment share one reading. */
export function refreshed(
  clock: Clock,
  read: () => Promise<Fresh<Readonly<Record<string, string>>>>,
): Credentials {
  let kept: { readonly value: Readonly<Record<string, string>>; readonly untilMs: number } | undefined
  let reading: Promise<Readonly<Record<string, string>>> | undefined
  const readNow = async (): Promise<Readonly<Record<string, string>>> => {
    try {
      const { value, goodForMs } = await read()
      kept = { value, untilMs: clock.monotonicMs() + goodForMs }
      return value
    } finally {
      reading = undefined
    }
  }
  return {
    headers: async () => {
      if (kept !== undefined && clock.monotonicMs() < kept.untilMs) return kept.value
      reading ??= readNow()
      return reading
    },
    forget: () => {
      kept = undefined
    },
  }
}

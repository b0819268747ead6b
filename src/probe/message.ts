// The sentence of an outcome: what was found, and how long it took in which phases. Text from outside is cut and made harmless.
import type { Phases } from '../domain/outcome.ts'

/** It must fit an event's note. */
const messageMax = 1024

const phaseWords: readonly (readonly [keyof Phases, string])[] = [
  ['resolve', 'dns'],
  ['connect', 'connect'],
  ['tls', 'tls'],
  ['processing', 'wait'],
  ['transfer', 'transfer'],
]

/** e.g. `expected 2xx, got 503 from 10.2.3.4:80 after 1.2s (dns 3ms, connect 8ms, wait 1150ms)`. */
export function timedMessage(finding: string, seconds: number, phases: Phases): string {
  const parts = phaseWords.flatMap(([phase, word]) => {
    const passed = phases[phase]
    return passed === undefined ? [] : [`${word} ${millisecondsText(passed)}`]
  })
  const detail = parts.length === 0 ? '' : ` (${parts.join(', ')})`
  return plainText(`${finding} after ${secondsText(seconds)}${detail}`)
}

/** Without control characters, at most 1,024 characters. */
export function plainText(text: string): string {
  const plain = text.replace(/\p{Cc}/gu, ' ')
  return plain.length <= messageMax ? plain : `${plain.slice(0, messageMax - 1).toWellFormed()}…`
}

/** `1.2s` from a second on, below it whole milliseconds. */
export function secondsText(seconds: number): string {
  return seconds >= 0.9995 ? `${Number(seconds.toFixed(1))}s` : millisecondsText(seconds)
}

function millisecondsText(seconds: number): string {
  return `${Math.round(seconds * 1000)}ms`
}

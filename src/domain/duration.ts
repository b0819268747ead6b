// Durations as Kubernetes manifests and Prometheus write them: `90s`, `1h30m`, `14d`, and never `1.5h`.
import { lengthMs } from '../api/v1alpha1/duration.ts'

const shape = /^(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?$/

/** Milliseconds of a text that its schema has admitted; another one is a bug of Roundsman, and thrown as such. */
export function durationMs(text: string): number {
  if (text === '' || !shape.test(text)) {
    throw new Error(`bug of Roundsman: the duration ${JSON.stringify(text)} was not checked by its schema`)
  }
  return lengthMs(text)
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const

/**
 * The text, in days and smaller units, that Prometheus, prometheus-operator and Alertmanager read as `ms`; `0s` for zero.
 * Whole, not negative milliseconds.
 */
export function printDuration(ms: number): string {
  let rest = ms
  let text = ''
  for (const [unit, size] of units) {
    const amount = Math.floor(rest / size)
    if (amount > 0) text += `${amount}${unit}`
    rest -= amount * size
  }
  return text === '' ? '0s' : text
}

// Durations as Kubernetes manifests and Prometheus write them (`90s`, `1h30m`, `14d`), in milliseconds. Never `1.5h`.

const unitMs = {
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
} as const
type Unit = keyof typeof unitMs

const wholeText = /^(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?$/
const parts = /(\d+)(ms|[wdhms])/g

/** Milliseconds; undefined for a text that the schemas would refuse, the empty one included. */
export function parseDuration(text: string): number | undefined {
  if (text === '' || !wholeText.test(text)) return undefined
  let sum = 0
  for (const [, amount, unit] of text.matchAll(parts)) sum += Number(amount) * unitMs[unit as Unit]
  return sum
}

/** As `parseDuration`, for a text that its schema has already admitted. Another one is a bug of Roundsman, and thrown as such. */
export function durationMs(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) {
    throw new Error(`bug of Roundsman: the duration ${JSON.stringify(text)} was not checked by its schema`)
  }
  return ms
}

/**
 * The shortest text of days and smaller units that Prometheus, prometheus-operator and Alertmanager read as `ms`; `0s` for zero.
 * Whole, not negative milliseconds.
 */
export function printDuration(ms: number): string {
  let rest = ms
  let text = ''
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const amount = Math.floor(rest / unitMs[unit])
    if (amount > 0) text += `${amount}${unit}`
    rest -= amount * unitMs[unit]
  }
  return text === '' ? '0s' : text
}

// Text that a sink sent, before it goes into a message of ours: short, on one line, without what we had told it in confidence.
import { oneLine } from './messages/text-cleaning.ts'

const textMax = 200

/** At most 200 characters, no control characters. `confidential`: every spelling of a secret that was on the wire; each is masked. */
export function remoteText(text: string, confidential: readonly string[]): string {
  const longestFirst = [...new Set(confidential)]
    .filter((spelling) => spelling !== '')
    .toSorted((a, b) => b.length - a.length)
  const masked = longestFirst.reduce((rest, spelling) => rest.replaceAll(spelling, '[redacted]'), text)
  return oneLine(masked, textMax)
}

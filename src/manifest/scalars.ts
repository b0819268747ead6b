// Plain scalars as kubectl reads them. It uses go-yaml v2, whose YAML is neither 1.1 nor 1.2: `on` and `y` are booleans, `010` is eight,
// `0b11` is three, a date stays a text and `1:30` too. Only so do a file and the API server mean the same.
import { defineScalarTag, FAILSAFE_SCHEMA, mergeTag, NOT_RESOLVED, type Schema } from 'js-yaml'

/** What js-yaml needs to read a manifest. */
export const kubectlSchema: Schema = FAILSAFE_SCHEMA.withTags(
  scalarTag('null', (value) => value === null),
  scalarTag('bool', (value) => typeof value === 'boolean'),
  // 1.0 is a float to YAML and 1 to JSON: the API server sees no difference.
  scalarTag('int', (value) => typeof value === 'number' && Number.isInteger(value)),
  scalarTag('float', (value) => typeof value === 'number'),
  mergeTag,
)

/** The value of a scalar that stands there without quotes. */
export function plainScalar(source: string): null | boolean | number | string {
  const word = words.get(source)
  if (word !== undefined) return word
  if (/^[-+0-9]/.test(source)) return numberOf(source.replaceAll('_', '')) ?? source
  if (/^\.[0-9]+([eE][-+]?[0-9]+)?$/.test(source)) return finite(Number(source)) ?? source
  return source
}

const words = new Map<string, null | boolean | number>([
  ...['', '~', 'null', 'Null', 'NULL'].map((text) => [text, null] as const),
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(
    (text) => [text, true] as const,
  ),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(
    (text) => [text, false] as const,
  ),
])

/** Undefined for what begins like a number and is none, for example an IP address or a date. */
function numberOf(text: string): number | undefined {
  const [, sign = '', prefix = '', digits = ''] =
    /^([-+]?)(0[xX]|0[oO]|0[bB]|0(?=[0-7]+$)|)([0-9a-fA-F]+)$/.exec(text) ?? []
  const base = prefix === '0' ? '0o' : prefix.toLowerCase()
  const isWhole = digits !== '' && digitsOf[base]?.test(digits) === true
  if (isWhole && !(base === '' && digits.length > 1 && digits.startsWith('0'))) {
    const value = BigInt(`${base}${digits}`)
    if (value < 2n ** 64n) return Number(sign === '-' ? -value : value)
  }
  return /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(text) ? finite(Number(text)) : undefined
}

const digitsOf: Readonly<Record<string, RegExp>> = {
  '': /^[0-9]+$/,
  '0x': /^[0-9a-fA-F]+$/,
  '0o': /^[0-7]+$/,
  '0b': /^[01]+$/,
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined
}

function scalarTag(name: string, isOfTag: (value: unknown) => boolean) {
  return defineScalarTag<unknown>(`tag:yaml.org,2002:${name}`, {
    implicit: true,
    resolve: (source) => {
      const value = plainScalar(source)
      return isOfTag(value) ? value : NOT_RESOLVED
    },
    identify: () => false, // Only for reading.
  })
}

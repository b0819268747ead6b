// Thresholds as manifests write them: `10000`, `"0.5"`, `"5%"`, `"512Mi"`, `800ms`. Decimal shifts, so that `99.9%` is 0.999 and
// not 0.9990000000000001.

const decimalShift: Readonly<Record<string, number>> = {
  '%': -2,
  ms: -3,
  s: 0,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
}
const binaryFactor: Readonly<Record<string, number>> = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 }
const shape = /^(-?\d+(?:\.\d+)?)(%|k|M|G|T|Ki|Mi|Gi|Ti|ms|s)?$/

/** In the base unit: seconds, bytes, a share of 1. A text that no schema admits is a bug of Roundsman, and thrown as such. */
export function quantityValue(quantity: number | string): number {
  if (typeof quantity === 'number') return quantity
  const [, digits, unit = ''] = shape.exec(quantity) ?? []
  if (digits === undefined) {
    throw new Error(
      `bug of Roundsman: the quantity ${JSON.stringify(quantity)} was not checked by its schema`,
    )
  }
  const factor = binaryFactor[unit]
  return factor === undefined ? Number(`${digits}e${decimalShift[unit]}`) : Number(digits) * factor
}

// Resource versions of one resource compare as integers (KEP-5504). One that is no integer compares with nothing (kube:R9). Pure.

/** True only when both are integers and `left` is the smaller. */
export function isBefore(left: string, right: string): boolean {
  return isInteger(left) && isInteger(right) && BigInt(left) < BigInt(right)
}

function isInteger(version: string): boolean {
  return /^\d{1,30}$/.test(version)
}

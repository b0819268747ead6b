// Identity of an alert: its labels and nothing else. The fingerprint is Prometheus' own, so both ways of delivery name an alert alike.

const separator = Buffer.from([0xff]) // No byte of UTF-8, so names and values cannot run into each other.

/** 16 hex digits: FNV-1a of 64 bits over the labels sorted by name, each name and each value ended by the byte 255. */
export function fingerprintOf(labels: ReadonlyMap<string, string>): string {
  const hash = new Fnv1a64()
  for (const name of [...labels.keys()].toSorted()) {
    for (const text of [name, labels.get(name) ?? '']) {
      hash.add(Buffer.from(text))
      hash.add(separator)
    }
  }
  return hash.hex()
}

/**
 * In two halves of 32 bits, ten times as fast as BigInt: a policy over 10,000 targets has 10,000 fingerprints for every rule.
 * The prime is 2^40 + 435, so a product is the number shifted by 40 bits plus 435 times itself.
 */
class Fnv1a64 {
  #high = 0xcbf29ce4
  #low = 0x84222325

  add(bytes: Uint8Array): void {
    let high = this.#high
    let low = this.#low
    for (const byte of bytes) {
      low = (low ^ byte) >>> 0
      const product = low * 435 // Below 2^41, so a double holds it exactly.
      high = (high * 435 + Math.floor(product / 0x1_0000_0000) + low * 256) >>> 0
      low = product >>> 0
    }
    this.#high = high
    this.#low = low
  }

  hex(): string {
    return this.#high.toString(16).padStart(8, '0') + this.#low.toString(16).padStart(8, '0')
  }
}

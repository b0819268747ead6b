import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { crds } from '../../../scripts/generators/crds.ts'
import { reference } from '../../../scripts/generators/reference.ts'
import { crdOf } from '../../../src/api/v1alpha1/crd.ts'
import { crdBytesMax, descriptionLengthMean, lintSchema } from '../../../src/api/v1alpha1/crd-lint.ts'
import { resourceKinds } from '../../../src/api/v1alpha1/resources.ts'
import { apiVersionOf, kinds } from '../../../src/domain/kinds.ts'

describe.each(resourceKinds)('%s', (kind) => {
  const crd = crdOf(kind)
  const [version] = crd.spec.versions

  test('passes the lint', () => {
    expect(lintSchema(version?.schema.openAPIV3Schema)).toEqual([])
  })

  test('is called as the rest of the program calls it', () => {
    expect(`${crd.spec.group}/${version?.name}`).toBe(apiVersionOf(kind))
    expect(crd.spec.names.plural).toBe(kinds[kind].plural)
  })

  test('has short descriptions and columns that say what they show', () => {
    const lengths = descriptionsIn(version?.schema.openAPIV3Schema).map(({ length }) => length)
    expect(lengths.reduce((sum, length) => sum + length) / lengths.length).toBeLessThanOrEqual(
      descriptionLengthMean,
    )
    expect(version?.additionalPrinterColumns.every(({ description }) => description !== '')).toBe(true)
  })
})

test.each([...crds, ...reference])('$path is what its source makes of it', ({ path, content }) => {
  expect(readFileSync(path, 'utf8')).toBe(content())
})

test('every file fits into the annotation of a client-side apply', () => {
  for (const file of crds) expect(Buffer.byteLength(file.content())).toBeLessThan(crdBytesMax)
})

function descriptionsIn(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return []
  return Object.entries(node).flatMap(([key, value]) =>
    key === 'description' && typeof value === 'string' ? [value] : descriptionsIn(value),
  )
}

import { expect, test } from 'vitest'
import { strictProblems } from '../../../src/api/v1alpha1/parse.ts'
import { re2Judges } from '../../../src/domain/spec-checks.ts'
import { specCases } from '../../fixtures/spec-cases.ts'

// What undefined leaves out must be gone, as it is on the wire.
const asWritten = (object: object) => JSON.parse(JSON.stringify(object))

test.each(specCases)('$object.kind: $name', ({ object, refusedAt }) => {
  const problems = strictProblems(object.kind, asWritten(object), re2Judges)
  if (refusedAt === undefined) expect(problems).toEqual([])
  else expect(problems.map(({ path }) => path)).toContain(refusedAt)
})

test('the table has rows enough and no name twice', () => {
  const names = specCases.map(({ object, name }) => `${object.kind} ${name}`)
  expect(new Set(names).size).toBe(names.length)
  expect(specCases.length).toBeGreaterThan(60)
})

// Every `golden/<case>.in.yaml` is a small world; its `.out.yaml` holds what is generated from it, and what a person is told.
// UPDATE_GOLDEN=1 rewrites the outputs; a changed golden is reviewed like code.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { dump } from 'js-yaml'
import { describe, expect, it } from 'vitest'
import { generateFromDocuments, readDocuments } from './golden-world.ts'

const folder = join(import.meta.dirname, 'golden')

describe('generated objects', () => {
  for (const input of globSync('*.in.yaml', { cwd: folder }).toSorted()) {
    const name = basename(input, '.in.yaml')
    it(`are as reviewed: ${name.replaceAll('-', ' ')}`, () => {
      const documents = readDocuments(readFileSync(join(folder, input), 'utf8'))
      const output = print(generateFromDocuments(documents))
      const golden = join(folder, `${name}.out.yaml`)
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, output)
      expect(output).toBe(readFileSync(golden, 'utf8'))
      // Equal input, equal bytes, whatever the order in which a cache lists it.
      expect(print(generateFromDocuments(documents.toReversed()))).toBe(output)
    })
  }
})

function print({ objects, told }: ReturnType<typeof generateFromDocuments>): string {
  const documents = [...objects, ...(told.length > 0 ? [{ told }] : [])]
  return documents.map((document) => dump(document, { lineWidth: -1, noRefs: true })).join('---\n')
}

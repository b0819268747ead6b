// Writes every generated file; with --check writes nothing, names those that differ from their source, and exits 1.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chart } from './generators/chart.ts'
import { crds } from './generators/crds.ts'
import type { GeneratedFile } from './generators/generated-file.ts'
import { reference } from './generators/reference.ts'

const files: readonly GeneratedFile[] = [...crds, ...chart, ...reference]

const root = fileURLToPath(new URL('..', import.meta.url))
const differing = files
  .map(({ path, content }) => ({ path, wanted: content() }))
  .filter(({ path, wanted }) => present(path) !== wanted)

if (process.argv.includes('--check')) {
  for (const { path } of differing) console.error(`✗ ${path} differs from its source; run npm run generate`)
  process.exitCode = differing.length === 0 ? 0 : 1
} else {
  for (const { path, wanted } of differing) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), wanted)
    console.error(`✔ ${path}`)
  }
}

function present(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

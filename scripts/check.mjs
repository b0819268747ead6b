// Everything that can be judged without running the program: types, lint and format, dead code, architecture, generated files.
// Runs all of them, so that one run shows every problem; exits 1 when any failed.
import { spawnSync } from 'node:child_process'

const steps = [
  ['types', 'tsc', ['--noEmit', '-p', '.']],
  ['lint and format', 'biome', ['check', '--error-on-warnings', '.']],
  ['dead code', 'knip', []],
  ['architecture', 'vitest', ['run', 'test/architecture.test.ts']],
  ['generated files are up to date', 'node', ['scripts/generate.ts', '--check']],
]

const failed = steps.filter(([name, command, parameters]) => {
  console.log(`► ${name}`)
  const { status } = spawnSync(command, parameters, { stdio: 'inherit', shell: process.platform === 'win32' })
  return status !== 0
})

for (const [name] of failed) console.log(`✗ ${name}`)
console.log(
  failed.length === 0 ? `✔ ${steps.length} checks` : `✗ ${failed.length} of ${steps.length} checks failed`,
)
process.exit(failed.length === 0 ? 0 : 1)

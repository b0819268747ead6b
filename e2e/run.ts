// npm run e2e -- [vitest arguments]: builds the programs, enters a network namespace, and runs the tests in it.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assertRangeIsLocal, type Command, isolated } from './cluster/network.ts'
import { type ClusterSource, clusterSource, describeSource, toolsToBuild } from './cluster/source.ts'
import { ensureTools } from './tools/build.ts'

async function main(args: readonly string[]): Promise<number> {
  const source = clusterSource()
  narrate(`► end-to-end tests against ${describeSource(source)}`)
  // Tried before the builds: nobody should wait a quarter of an hour to learn that a namespace cannot be had.
  const command = isolate(source, vitest(args))
  await ensureTools(toolsToBuild(source))
  const runFolder = mkdtempSync(join(tmpdir(), 'roundsman-e2e-'))
  const status = await runToEnd(command, { ...process.env, ROUNDSMAN_E2E_RUN: runFolder })
  if (status === 0 && !process.env.ROUNDSMAN_E2E_KEEP) {
    rmSync(runFolder, { recursive: true, force: true })
  } else {
    narrate(`► logs of every program are in ${runFolder}`)
  }
  return status
}

function vitest(args: readonly string[]): Command {
  const program = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs')
  const config = join(import.meta.dirname, 'vitest.config.ts')
  return {
    command: process.execPath,
    args: [program, 'run', '--config', config, '--configLoader=native', ...args],
  }
}

// An existing cluster is reached over the machine's own network.
function isolate(source: ClusterSource, command: Command): Command {
  if (source.kind === 'existing') {
    assertRangeIsLocal()
    return isolated(command, 'host')
  }
  return isolated(command, 'own')
}

function runToEnd({ command, args }: Command, env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(command, args, { stdio: 'inherit', env })
  // Ctrl-C reaches the child by the terminal, and with the namespace's first process the kernel ends all others; we stay to say where
  // the logs are. Who asks only us to end gets the same.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGKILL'))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
}

function narrate(line: string): void {
  process.stderr.write(`${line}\n`)
}

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status
  },
  (error: Error) => {
    narrate(`✗ ${error.message}`)
    process.exitCode = 1
  },
)

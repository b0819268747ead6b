// `node scripts/run.mjs COMMAND [arguments]`: makes a fresh clone ready, then runs the command with the project's own programs first in
// PATH, among them the packaged Node. A `pre` script could not do this: npm skips those where install scripts are switched off.
import './ensure-installed.mjs'
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { delimiter } from 'node:path'
import { fileURLToPath } from 'node:url'

const [command, ...parameters] = process.argv.slice(2)
const programs = fileURLToPath(new URL('../node_modules/.bin', import.meta.url))
const child = spawn(command, parameters, {
  stdio: 'inherit',
  env: { ...process.env, PATH: `${programs}${delimiter}${process.env.PATH}` },
  shell: process.platform === 'win32',
})

// Ctrl-C reaches the whole terminal group, so the child has it already, and a second one would cut its orderly end short. What is sent to
// this process alone has to be passed on.
process.on('SIGINT', () => {})
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  process.stderr.write(`✗ ${command} could not be started: ${error.message}\n`)
  process.exit(1)
})
child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))

// Makes a fresh clone ready before any npm script runs: installs the locked packages when they are missing or out of date.
// Runs on the machine's own Node (20 or newer), so it uses nothing but node's built-in modules.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const [major = 0] = process.versions.node.split('.').map(Number)

if (major < 20) {
  fail(
    `Node ${process.versions.node} is too old: Roundsman needs Node 20 or newer; install it and run the command again`,
  )
}
if (!isInstalled()) {
  // stdout belongs to the command that follows (it may print data), so npm speaks on stderr.
  process.stderr.write('► installing the locked packages (npm ci), once\n')
  const { status } = spawnSync(
    'npm',
    ['ci', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    },
  )
  if (status !== 0)
    fail('npm ci failed; its message stands above. Check the connection to the npm registry and try again')
}
if (!existsSync(`${root}node_modules/.bin/node`) && major < 24) {
  fail(
    `no packaged Node for ${process.platform}-${process.arch}, and this is Node ${process.versions.node}: install Node 24 or newer`,
  )
}

/** npm writes node_modules/.package-lock.json last, so its package list tells what a finished install holds. */
function isInstalled() {
  const installed = lockedVersions('node_modules/.package-lock.json')
  const wanted = lockedVersions('package-lock.json')
  if (installed === undefined || wanted === undefined) return false
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    const have = installed[path]?.version
    return have === version || (optional && have === undefined) // npm leaves out the packages of other platforms.
  })
}

function lockedVersions(path) {
  if (!existsSync(root + path)) return undefined
  const { packages } = JSON.parse(readFileSync(root + path, 'utf8'))
  return Object.fromEntries(
    Object.entries(packages)
      .filter(([key]) => key !== '')
      .map(([key, { version, optional = false }]) => [key, { version, optional }]),
  )
}

function fail(sentence) {
  process.stderr.write(`✗ ${sentence}\n`)
  process.exit(1)
}

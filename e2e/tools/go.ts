// The Go toolchain as the suite uses it: is it there, is it new enough, run it in a module's folder.
import { spawn, spawnSync } from 'node:child_process'

const oldest = { major: 1, minor: 26 }

/** Throws one sentence that says what to install when `go` is missing or older than 1.26. */
export function assertGo(moduleFolder: string): void {
  // Asked inside the module, so that a toolchain that go fetches by itself counts as the one that is there.
  const answer = spawnSync('go', ['env', 'GOVERSION'], { cwd: moduleFolder, encoding: 'utf8' })
  const remedy = `install Go ${oldest.major}.${oldest.minor} or newer from https://go.dev/dl and put it on the PATH`
  if (answer.error) {
    throw new Error(`the end-to-end suite builds its programs with go, which is not on the PATH; ${remedy}`)
  }
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(answer.stdout) ?? []
  if (answer.status !== 0 || !isNewEnough(Number(major), Number(minor))) {
    throw new Error(`the go on the PATH is ${answer.stdout.trim() || answer.stderr.trim()}; ${remedy}`)
  }
}

/** Runs `go` with its output on our stderr; rejects when it fails. */
export async function go(args: readonly string[], cwd: string): Promise<void> {
  const child = spawn('go', args, { cwd, stdio: ['ignore', 'ignore', 'inherit'], env: goEnvironment() })
  const status = await new Promise<number | null>((resolve, reject) =>
    child.on('error', reject).on('close', resolve),
  )
  if (status !== 0) {
    throw new Error(`go ${args.join(' ')} failed in ${cwd} with status ${status}`)
  }
}

/** The folder in the module cache that holds a module pinned by `cwd`'s go.mod. */
export function goModuleFolder(goModule: string, cwd: string): string {
  const answer = spawnSync('go', ['list', '-m', '-f', '{{.Dir}}', goModule], {
    cwd,
    encoding: 'utf8',
    env: goEnvironment(),
  })
  const folder = answer.stdout?.trim()
  if (!folder) {
    throw new Error(`go list found no folder for ${goModule}: ${answer.stderr}`)
  }
  return folder
}

function isNewEnough(major: number, minor: number): boolean {
  return major > oldest.major || (major === oldest.major && minor >= oldest.minor)
}

// Build stamps would read the state of the checkout's git, which is not part of the cache key. A workspace file would replace the pins.
function goEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, GOWORK: 'off', GOFLAGS: '-buildvcs=false' }
}

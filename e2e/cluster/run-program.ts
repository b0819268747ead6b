// Runs a program to its end and gives its output.
import { spawn } from 'node:child_process'

export type RunOptions = {
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly withinMs?: number
}

export type Output = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/** Resolves whatever the exit code is; `code` is null when the program was killed at the deadline. Rejects when it cannot be started. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Output> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { PATH: process.env.PATH ?? '', ...options.env },
    timeout: options.withinMs ?? 60_000,
    killSignal: 'SIGKILL',
  })
  child.stdin.on('error', () => {}) // A program may end without reading its input; its exit code tells.
  child.stdin.end(options.stdin ?? '')
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout: stdout(), stderr: stderr() }))
  })
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  return () => text
}

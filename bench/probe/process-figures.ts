// Starts the processes of a benchmark and reads what they cost from the kernel: CPU over all threads, and memory.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** Linux counts CPU in ticks of 10 ms, whatever the machine. */
const ticksPerSecond = 100

export type Started = {
  readonly child: ChildProcess
  readonly pid: number
  readonly stop: () => Promise<void>
}

/** Pins the process to one core where the machine has `taskset` and more than one, so that prober and target do not share any. */
export function start(core: number, command: string, args: readonly string[]): Started {
  const pinned = existsSync('/usr/bin/taskset')
  const child = pinned
    ? spawn('taskset', ['-c', String(core), command, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
    : spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    child,
    pid: child.pid ?? 0, // taskset becomes the program: the pid is the program's.
    stop: async () => {
      child.kill()
      await ended
    },
  }
}

/** The next line that the process prints, as JSON. */
export async function nextLine<Value>({ child }: Started): Promise<Value> {
  if (child.stdout === null) throw new Error('the process has no output; this is a bug of the benchmark')
  const lines = createInterface({ input: child.stdout })
  for await (const line of lines) {
    lines.close()
    return JSON.parse(line) as Value
  }
  throw new Error('the process ended before it had said anything')
}

/** CPU seconds of all threads, user and system. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** The most memory the process ever held, in MiB. */
export function peakMemoryMiB(pid: number): number {
  const [, kib = '0'] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) / 1024
}

export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** `p` in 0..1. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? Number.NaN
}

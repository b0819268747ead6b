// Starting and ending the real programs. Each writes into a log file of the run folder; none outlives the process that started it.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from './eventually.ts'

export type ProgramOptions = {
  /** Names the log file, and the program in messages. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Where `<name>.log` is written; made if need be. Also the program's HOME and its working directory. */
  readonly folder: string
  readonly env?: Readonly<Record<string, string>>
  /** Polled until it is true. A throw counts as "not yet". Without it the program counts as ready once it runs. */
  readonly ready?: () => Promise<boolean>
  readonly readyWithinMs?: number
}

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null }

const living = new Set<Program>()
process.on('exit', () => {
  for (const program of living) {
    program.signal('SIGKILL')
  }
})

/** One running program: started ready, ended by `stop`. */
export class Program {
  readonly name: string
  readonly logFile: string
  /** Settles when the program ends, whoever ended it; never rejects. */
  readonly exit: Promise<Exit>
  readonly #child: ChildProcess
  #ended: Exit | undefined

  private constructor(options: ProgramOptions) {
    mkdirSync(options.folder, { recursive: true })
    this.name = options.name
    this.logFile = join(options.folder, `${options.name}.log`)
    const log = openSync(this.logFile, 'a')
    // Detached: a group of its own, so that Ctrl-C reaches the suite alone, which then ends its programs in order.
    this.#child = spawn(options.command, options.args, {
      cwd: options.folder,
      env: { PATH: process.env.PATH ?? '', HOME: options.folder, ...options.env },
      stdio: ['ignore', log, log],
      detached: true,
    })
    closeSync(log)
    living.add(this)
    this.exit = new Promise((resolve) => {
      this.#child.once('error', () => resolve({ code: null, signal: null }))
      this.#child.once('exit', (code, signal) => resolve({ code, signal }))
    })
    void this.exit.then((exit) => {
      this.#ended = exit
      living.delete(this)
    })
  }

  /** Resolves when the program is ready; rejects, with the end of its log and the program ended, when it is not in time. */
  static async start(options: ProgramOptions): Promise<Program> {
    const program = new Program(options)
    try {
      await program.#becomeReady(options)
      return program
    } catch (error) {
      await program.stop()
      const reason = error instanceof Error ? error.message : String(error)
      throw new Error(`${reason}\nthe end of ${program.logFile}:\n${program.logTail()}`, { cause: error })
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined
  }

  log(): string {
    return readFileSync(this.logFile, 'utf8')
  }

  logTail(lines = 20): string {
    return this.log().trimEnd().split('\n').slice(-lines).join('\n')
  }

  /** Sends a signal to the program and to what it started itself. */
  signal(signal: NodeJS.Signals): void {
    try {
      if (this.#child.pid !== undefined) {
        process.kill(-this.#child.pid, signal)
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
        throw error
      }
    }
  }

  /** SIGTERM, and SIGKILL after `graceMs`. Resolves when the program has ended; harmless when it had. */
  async stop({ graceMs = 10_000 } = {}): Promise<Exit> {
    if (this.#ended === undefined) {
      this.signal('SIGTERM')
      const impatience = setTimeout(() => this.signal('SIGKILL'), graceMs)
      await this.exit
      clearTimeout(impatience)
    }
    return this.exit
  }

  async kill(): Promise<Exit> {
    this.signal('SIGKILL')
    return this.exit
  }

  async #becomeReady({ ready, readyWithinMs = 60_000 }: ProgramOptions): Promise<void> {
    if (this.#child.pid === undefined) {
      throw new Error(`${this.name} could not be started: ${this.#child.spawnfile}`)
    }
    const isReady = async () => {
      return this.hasEnded || ready === undefined || (await ready())
    }
    await eventually(`${this.name} is ready`, isReady, { withinMs: readyWithinMs, everyMs: 50 })
    if (this.#ended !== undefined) {
      throw new Error(`${this.name} ended before it was ready: ${JSON.stringify(this.#ended)}`)
    }
  }
}

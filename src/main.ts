#!/usr/bin/env node
// The one entrance: reads the command, makes the real clock, log and metrics, and hands them to the program that was asked for.
import { randomUUID } from 'node:crypto'
import type { Terminal } from './cli/terminal.ts'
import { type Command, readConfig } from './config.ts'
import type { Log } from './domain/log.ts'
import { runCommand } from './program/commands.ts'
import { runOperator, type World } from './program/operator.ts'
import { runStandalone } from './program/standalone.ts'
import { systemClock } from './program/system-clock.ts'
import { terminalDisplay } from './program/terminal-display.ts'
import { version } from './program/version.ts'
import { createJsonLog, createPlainLog } from './telemetry/log.ts'
import { createMetrics } from './telemetry/metrics.ts'

// A reader that goes away (`| head`) wants no more; that is no fault of the program.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

const [, program = 'roundsman', ...args] = process.argv
const reading = readConfig({ program, args, environment: process.env, version })

switch (reading.kind) {
  case 'answered':
    process.stdout.write(reading.text)
    break
  case 'refused':
    process.stderr.write(reading.text)
    process.exitCode = reading.exitCode
    break
  case 'command':
    // Everything was closed by whoever opened it; a handle that is left must not keep a process alive that was told to end.
    process.exit(await run(reading.command, reading.isColourWanted))
    break
  default:
    reading satisfies never
}

async function run(command: Command, isColourWanted: boolean): Promise<number> {
  switch (command.name) {
    case 'operator':
      return runOperator(
        command,
        worldOf(createJsonLog(logOptions((line) => void process.stderr.write(line)))),
      )
    case 'run': {
      const display = terminalDisplay({ output: process.stdout, isColourWanted, clock: systemClock })
      // On a terminal the log comes to stand above the table; else it is narration, apart from the data.
      const isTerminal = process.stdout.isTTY === true
      const log = createPlainLog(
        logOptions((line) => (isTerminal ? display.print(line) : void process.stderr.write(line))),
      )
      return runStandalone(command, worldOf(log), display)
    }
    case 'check':
    case 'probe':
    case 'generate': {
      const log = createPlainLog(logOptions((line) => void process.stderr.write(line)))
      return runCommand(command, { clock: systemClock, log, terminal: terminalOf(isColourWanted) })
    }
    default:
      return command satisfies never
  }
}

function logOptions(write: (line: string) => void) {
  return { level: 'info', now: () => systemClock.now(), write } as const
}

function terminalOf(isColourWanted: boolean): Terminal {
  return {
    out: (text) => void process.stdout.write(text),
    say: (text) => void process.stderr.write(text),
    isColour: isColourWanted && process.stdout.isTTY === true,
    folder: process.cwd(),
  }
}

function worldOf(log: Log): World {
  return {
    clock: systemClock,
    log,
    metrics: createMetrics({ process: true }),
    random: () => Math.random(),
    uniqueText: () => randomUUID(),
    ended: new Promise((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
    }),
  }
}

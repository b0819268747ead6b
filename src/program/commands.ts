// The commands that read manifests, answer and end: wires them to the files, the prober and the terminal.
import { text } from 'node:stream/consumers'
import { check } from '../cli/check.ts'
import { generate } from '../cli/generate.ts'
import { probe } from '../cli/probe.ts'
import type { ExitCode, Terminal } from '../cli/terminal.ts'
import type { Command, Settings } from '../config.ts'
import type { Clock } from '../domain/clock.ts'
import type { Log } from '../domain/log.ts'
import type { ProbeEntry } from '../domain/probe-entry.ts'
import type { Manifests } from '../manifest/parse-manifest.ts'
import { readManifests } from '../manifest/read-manifests.ts'
import { createSingleProber } from '../probe/probe-once.ts'
import { probeSettings } from './probe-settings.ts'

type SingleRun = Extract<Command, { name: 'check' | 'probe' | 'generate' }>

export type CommandWorld = { readonly clock: Clock; readonly log: Log; readonly terminal: Terminal }

/** Answers the exit code when everything is printed. */
export async function runCommand(command: SingleRun, world: CommandWorld): Promise<ExitCode> {
  const manifests = await manifestsOf(command.paths)
  const code = await answer(command, manifests, world)
  await printed(process.stdout)
  return code
}

async function answer(command: SingleRun, manifests: Manifests, world: CommandWorld): Promise<ExitCode> {
  switch (command.name) {
    case 'check':
      return check({ manifests, output: command.output }, world.terminal)
    case 'generate': {
      const now = world.clock.now()
      return generate(
        { manifests, output: command.output, clusterDomain: 'cluster.local', now },
        world.terminal,
      )
    }
    case 'probe':
      return probeTargets(command, manifests, world)
    default:
      return command satisfies never
  }
}

async function probeTargets(
  command: Extract<Command, { name: 'probe' }>,
  manifests: Manifests,
  { clock, log, terminal }: CommandWorld,
): Promise<ExitCode> {
  const { settings, targets, output } = command
  const prober = createSingleProber({
    settings: probeSettings(settings.addressPolicy),
    clock,
    onDefect: ({ namespace, target }, error) => log.error('a probe threw', { namespace, target, error }),
  })
  try {
    const installation = installationOf(settings)
    const probeOnce = (entry: ProbeEntry) => prober.probe(entry)
    return await probe({ manifests, targets, output, installation, now: clock.now(), probeOnce }, terminal)
  } finally {
    prober.close()
  }
}

/** As the standalone program sees itself: names are looked up as this machine does. */
function installationOf({ clusterDomain }: Settings) {
  return { clusterId: '', delivery: 'Direct', clusterDomain, standalone: true } as const
}

async function manifestsOf(paths: readonly string[]): Promise<Manifests> {
  return readManifests(paths, paths.includes('-') ? await text(process.stdin) : undefined)
}

/** A pipe takes data later than it is given; a process that ends before would cut it. */
function printed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()))
}

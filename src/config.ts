// The only reader of the command line, the environment and (by config-file.ts) the configuration file: text in, one checked command
// out. All problems are told at once, an unknown name with the nearest known one. It carries nothing out.
import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { CommanderError, InvalidArgumentError, Option, Command as Program } from 'commander'
import { type ConfigFile, configFile, parseRefusals, readConfigFile, urlProblem } from './config-file.ts'
import type { AddressPolicy } from './domain/address-policy.ts'
import { parseSinkAddress, type SinkPolicy } from './domain/sink-policy.ts'

export type Settings = {
  /** `name` is `<namespace>/<name>` of the resource these URLs stand for, or any other name. */
  readonly alertmanagers: readonly { readonly name: string; readonly urls: readonly string[] }[]
  readonly addressPolicy: AddressPolicy // What may be probed.
  readonly sinks: SinkPolicy // Where messages may be sent to.
  readonly judge: { readonly scrapeMs: number; readonly evaluateMs: number }
  readonly clusterDomain: string
}

export type ListenAddress = { readonly host: string | undefined; readonly port: number } // Without a host: every interface.
export type OutputFormat = 'table' | 'json' | 'yaml'

export type Command =
  | {
      readonly name: 'run'
      readonly paths: readonly string[] // As they were given; never empty.
      readonly listen: ListenAddress
      readonly dataFolder: string // Absolute.
      readonly demo: boolean // Starts the sample service beside it.
      readonly settings: Settings
    }
  | {
      readonly name: 'operator'
      readonly listen: ListenAddress
      readonly namespaces: readonly string[] // Empty: all.
      readonly pod: Pod
      readonly environment: Environment // What the search for the API server needs.
      readonly settings: Settings
    }
  | { readonly name: 'check'; readonly paths: readonly string[]; readonly output: OutputFormat }
  | {
      readonly name: 'probe'
      readonly paths: readonly string[]
      readonly targets: readonly string[] // Names; empty: all.
      readonly output: OutputFormat
      readonly settings: Settings
    }
  | { readonly name: 'generate'; readonly paths: readonly string[]; readonly output: 'json' | 'yaml' }

/** What a pod knows of itself by the downward API; each may be absent outside of one. */
export type Pod = { readonly name?: string; readonly namespace?: string; readonly uid?: string }

export type Environment = Readonly<Record<string, string | undefined>>

export type Reading =
  | { readonly kind: 'command'; readonly command: Command; readonly isColourWanted: boolean }
  | { readonly kind: 'answered'; readonly text: string } // Help or version: print it and end well.
  | { readonly kind: 'refused'; readonly text: string; readonly exitCode: 2 | 78 } // Wrong usage, or wrong configuration.

/** `args` are those after the program; `program` is how it was called, e.g. `/usr/bin/kubectl-roundsman`. Never throws. */
export function readConfig(input: {
  readonly program: string
  readonly args: readonly string[]
  readonly environment: Environment
  readonly version: string
}): Reading {
  const written = { out: '', err: '' }
  let command: Command | undefined
  const program = describeProgram(input, (read) => {
    command = read
  })
  for (const part of [program, ...program.commands]) {
    part.exitOverride().configureOutput({
      writeOut: (text) => {
        written.out += text
      },
      writeErr: (text) => {
        written.err += text
      },
      outputError: (text, write) => write(`✗ ${text.replace(/^error: /, '')}`),
    })
  }
  try {
    program.parse([...input.args], { from: 'user' })
  } catch (error) {
    return readingOf(error, written)
  }
  if (command === undefined) throw new Error('bug of Roundsman: a command was parsed and not read')
  return { kind: 'command', command, isColourWanted: !input.environment.NO_COLOR }
}

function readingOf(error: unknown, written: { out: string; err: string }): Reading {
  if (error instanceof WrongConfiguration) {
    return { kind: 'refused', text: error.problems.map((problem) => `✗ ${problem}\n`).join(''), exitCode: 78 }
  }
  if (!(error instanceof CommanderError)) throw error
  if (error.exitCode === 0) return { kind: 'answered', text: written.out }
  return { kind: 'refused', text: written.err, exitCode: 2 }
}

class WrongConfiguration extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super('wrong configuration')
    this.problems = problems
  }
}

const localListen: ListenAddress = { host: '127.0.0.1', port: 9797 }
const clusterListen: ListenAddress = { host: undefined, port: 9797 }

type SettingFlags = { config?: string; alertmanagerUrl?: string[]; allowSink?: string[] }

function describeProgram(
  { program, environment, version }: { program: string; environment: Environment; version: string },
  found: (command: Command) => void,
): Program {
  const name = basename(program).startsWith('kubectl-') ? 'kubectl roundsman' : 'roundsman'
  const root = new Program(name)
    .description('Inspects services: declares what to inspect, what counts as bad and who is told.')
    .version(version)
    .helpCommand(false)
    .showHelpAfterError('see --help for what there is')

  withSettings(root.command('run'))
    .description(
      'the whole program over a folder of manifests, without a cluster; reads them again when they change',
    )
    .requiredOption('--files <path...>', 'files or folders of manifests')
    .addOption(listenOption(localListen))
    .option(
      '--data <folder>',
      'where its lock, its id and the status of the objects are kept (default: a folder in the state folder of the user, one for each set of --files)',
    )
    .addOption(new Option('--demo', 'starts a sample service that can be broken').hideHelp())
    .action(
      (flags: SettingFlags & { files: string[]; listen: ListenAddress; data?: string; demo?: boolean }) => {
        const paths = flags.files
        const dataFolder = resolve(flags.data ?? defaultDataFolder(paths, environment))
        const settings = readSettings(flags, ownMachine)
        found({ name: 'run', paths, listen: flags.listen, dataFolder, demo: flags.demo === true, settings })
      },
    )

  withSettings(root.command('operator'))
    .description('the whole program in a cluster, or beside one with KUBECONFIG')
    .addOption(listenOption(clusterListen))
    .option('--namespace <namespace...>', 'look after these namespaces alone')
    .action((flags: SettingFlags & { listen: ListenAddress; namespace?: string[] }) => {
      const namespaces = flags.namespace ?? []
      const settings = readSettings(flags, inCluster)
      found({
        name: 'operator',
        listen: flags.listen,
        namespaces,
        pod: podOf(environment),
        environment,
        settings,
      })
    })

  const paths = ['<path...>', 'files or folders of manifests, or - for standard input'] as const
  root
    .command('check')
    .description('judges manifests as the API server and the operator would, without either')
    .argument(...paths)
    .addOption(outputOption(['table', 'json', 'yaml']))
    .action((given: string[], flags: { output: OutputFormat }) => {
      found({ name: 'check', paths: given, output: flags.output })
    })

  root
    .command('probe')
    .description('probes every target of the manifests once')
    .argument(...paths)
    .option('--target <name...>', 'only the targets of these names')
    .addOption(outputOption(['table', 'json', 'yaml']))
    .option('--config <file>', 'configuration file')
    .action((given: string[], flags: SettingFlags & { target?: string[]; output: OutputFormat }) => {
      const settings = readSettings(flags, ownMachine)
      found({ name: 'probe', paths: given, targets: flags.target ?? [], output: flags.output, settings })
    })

  root
    .command('generate')
    .description('prints the objects that the policies of the manifests generate')
    .argument(...paths)
    .addOption(outputOption(['yaml', 'json']))
    .action((given: string[], flags: { output: 'json' | 'yaml' }) => {
      found({ name: 'generate', paths: given, output: flags.output })
    })
  return root
}

function withSettings(command: Program): Program {
  return command
    .option('--config <file>', 'configuration file')
    .option(
      '--alertmanager-url <url>',
      'an Alertmanager; repeat it for the peers of one cluster',
      collect(httpUrl),
    )
    .option(
      '--allow-sink <host[:port]>',
      'a host that messages may be sent to; repeatable',
      collect(sinkAddress),
    )
}

function outputOption(choices: readonly OutputFormat[]): Option {
  return new Option('-o, --output <format>', 'form of the answer').choices(choices).default(choices[0])
}

/** Repeated flags pile up; commander gives what was read so far. */
function collect(read: (text: string) => string): (text: string, before?: string[]) => string[] {
  return (text, before = []) => [...before, read(text)]
}

function listenOption(unlessGiven: ListenAddress): Option {
  const { host = '', port } = unlessGiven
  return new Option('--listen <host:port>', 'where to answer HTTP')
    .argParser(listenAddress)
    .default(unlessGiven, `${host}:${port}`)
}

function listenAddress(text: string): ListenAddress {
  const [, bracketed, host, port = ''] = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? []
  if (port === '' || Number(port) > 65_535) {
    throw new InvalidArgumentError('Give host:port, or :port for every interface.')
  }
  return { host: (bracketed ?? host) || undefined, port: Number(port) }
}

function sinkAddress(text: string): string {
  if (parseSinkAddress(text) === undefined) throw new InvalidArgumentError('Give host or host:port.')
  return text
}

function httpUrl(text: string): string {
  const problem = urlProblem(text)
  if (problem !== undefined) throw new InvalidArgumentError(problem)
  return text
}

/** Who runs the program by hand on a machine of his own may look at it; in a cluster loopback is the pod's own. */
const ownMachine: AddressPolicy['loopback'] = 'allowed'
const inCluster: AddressPolicy['loopback'] = 'refused'

function readSettings(flags: SettingFlags, usualLoopback: AddressPolicy['loopback']): Settings {
  const file = flags.config === undefined ? configFile.parse({}) : goodConfigFile(flags.config)
  const { alertmanagerUrl: urls = [], allowSink = [] } = flags
  return {
    alertmanagers: [...file.alertmanagers, ...(urls.length === 0 ? [] : [{ name: 'alertmanager', urls }])],
    addressPolicy: {
      loopback: loopbackOf(file.addressPolicy.allowLoopback) ?? usualLoopback,
      alsoRefused: parseRefusals(file.addressPolicy.refuse),
    },
    sinks: { allowed: [...file.sinks.allow, ...allowSink], alsoRefused: parseRefusals(file.sinks.refuse) },
    judge: { scrapeMs: file.judge.scrape, evaluateMs: file.judge.evaluate },
    clusterDomain: file.clusterDomain,
  }
}

function goodConfigFile(path: string): ConfigFile {
  const reading = readConfigFile(path)
  if (!reading.ok) throw new WrongConfiguration(reading.problems)
  return reading.file
}

function loopbackOf(isAllowed: boolean | undefined): AddressPolicy['loopback'] | undefined {
  if (isAllowed === undefined) return undefined
  return isAllowed ? 'allowed' : 'refused'
}

function podOf({ POD_NAME: name, POD_NAMESPACE: namespace, POD_UID: uid }: Environment): Pod {
  return {
    ...(name ? { name } : {}),
    ...(namespace ? { namespace } : {}),
    ...(uid ? { uid } : {}),
  }
}

/** systemd's StateDirectory, else a folder of the user's that belongs to exactly these PATHs. */
function defaultDataFolder(paths: readonly string[], environment: Environment): string {
  const [given] = (environment.STATE_DIRECTORY ?? '').split(':') // systemd lists several with colons.
  if (given) return given
  const state = environment.XDG_STATE_HOME || join(environment.HOME || homedir(), '.local', 'state')
  const hash = createHash('sha256').update(JSON.stringify(paths.map((path) => resolve(path))))
  return join(state, 'roundsman', hash.digest('hex').slice(0, 12))
}

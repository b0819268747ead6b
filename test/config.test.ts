import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { type Command, type Environment, type Reading, readConfig } from '../src/config.ts'
import { scratchFolders } from './files/scratch.ts'

const folder = scratchFolders()
const home = { HOME: '/home/li.na' }

function read(
  args: readonly string[],
  environment: Environment = home,
  program = '/usr/bin/roundsman',
): Reading {
  return readConfig({ program, args, environment, version: '1.2.3' })
}

function command(args: readonly string[], environment?: Environment): Command {
  const reading = read(args, environment)
  if (reading.kind !== 'command') throw new Error(JSON.stringify(reading))
  return reading.command
}

function refusal(args: readonly string[]): { text: string; exitCode: number } {
  const reading = read(args)
  if (reading.kind !== 'refused') throw new Error(JSON.stringify(reading))
  return { text: reading.text, exitCode: reading.exitCode }
}

describe('run', () => {
  test('listens on this machine alone and may probe it', () => {
    expect(command(['run', '--files', 'a', 'b.yaml'])).toMatchObject({
      name: 'run',
      paths: ['a', 'b.yaml'],
      listen: { host: '127.0.0.1', port: 9797 },
      demo: false,
      settings: {
        alertmanagers: [],
        addressPolicy: { loopback: 'allowed', alsoRefused: [] },
        sinks: { allowed: [], alsoRefused: [] },
        judge: { scrapeMs: 15_000, evaluateMs: 15_000 },
        clusterDomain: 'cluster.local',
      },
    })
  })

  test('keeps its data in a folder that belongs to exactly these paths', () => {
    const one = command(['run', '--files', 'a'])
    const same = command(['run', '--files', './a'])
    const other = command(['run', '--files', 'a', 'b'])
    const dataOf = (read: Command) => (read.name === 'run' ? read.dataFolder : '')
    expect(dataOf(one)).toMatch(/^\/home\/li\.na\/\.local\/state\/roundsman\/[0-9a-f]{12}$/)
    expect(dataOf(same)).toBe(dataOf(one))
    expect(dataOf(other)).not.toBe(dataOf(one))
  })

  test.each<[string, readonly string[], Environment, string | RegExp]>([
    ['--data', ['--data', '/srv/data'], { ...home, STATE_DIRECTORY: '/var/lib/r' }, '/srv/data'],
    ['STATE_DIRECTORY', [], { ...home, STATE_DIRECTORY: '/var/lib/r:/var/lib/s' }, '/var/lib/r'],
    ['XDG_STATE_HOME', [], { ...home, XDG_STATE_HOME: '/state' }, /^\/state\/roundsman\//],
  ])('takes the data folder from %s', (_, flags, environment, expected) => {
    const read = command(['run', '--files', 'a', ...flags], environment)
    expect(read.name === 'run' && read.dataFolder).toEqual(
      typeof expected === 'string' ? expected : expect.stringMatching(expected),
    )
  })

  test('starts the demo when asked to, and does not tell of it', () => {
    expect(command(['run', '--files', 'a', '--demo'])).toMatchObject({ demo: true })
    const help = read(['run', '--help'])
    expect(help.kind === 'answered' && help.text).not.toContain('--demo')
  })

  test('needs manifests', () => {
    expect(refusal(['run'])).toEqual({
      exitCode: 2,
      text: "✗ required option '--files <path...>' not specified\nsee --help for what there is\n",
    })
  })
})

describe('operator', () => {
  test('listens on every interface, takes all namespaces and refuses loopback', () => {
    expect(command(['operator'])).toMatchObject({
      name: 'operator',
      listen: { host: undefined, port: 9797 },
      namespaces: [],
      pod: {},
      settings: { addressPolicy: { loopback: 'refused' } },
    })
  })

  test('knows its pod from the downward API', () => {
    const environment = { POD_NAME: 'roundsman-1', POD_NAMESPACE: 'ops', POD_UID: 'u', KUBECONFIG: '/k' }
    expect(command(['operator', '--namespace', 'shop', 'pay'], environment)).toMatchObject({
      namespaces: ['shop', 'pay'],
      pod: { name: 'roundsman-1', namespace: 'ops', uid: 'u' },
      environment,
    })
  })
})

describe('check, probe and generate', () => {
  test('take paths and a form of the answer', () => {
    expect(command(['check', 'a', '-'])).toEqual({ name: 'check', paths: ['a', '-'], output: 'table' })
    expect(command(['generate', 'a', '-o', 'json'])).toEqual({
      name: 'generate',
      paths: ['a'],
      output: 'json',
    })
    expect(command(['generate', 'a'])).toMatchObject({ output: 'yaml' })
    expect(command(['probe', 'a', '--target', 'x', 'y', '-o', 'json'])).toMatchObject({
      name: 'probe',
      targets: ['x', 'y'],
      output: 'json',
      settings: { addressPolicy: { loopback: 'allowed' } },
    })
  })

  test('refuse a form that does not exist', () => {
    expect(refusal(['generate', 'a', '-o', 'table'])).toMatchObject({
      exitCode: 2,
      text: expect.stringContaining("argument 'table' is invalid. Allowed choices are yaml, json."),
    })
  })
})

describe('the address to listen on', () => {
  test.each([
    ['run', '(default: 127.0.0.1:9797)'],
    ['operator', '(default: :9797)'],
  ])('is told by the help of %s as it would be given', (name, expected) => {
    const help = read([name, '--help'])
    expect(help.kind === 'answered' && help.text).toContain(expected)
  })

  test.each([
    [':80', { host: undefined, port: 80 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:9797', { host: '::1', port: 9797 }],
  ])('%s is understood', (text, listen) => {
    expect(command(['run', '--files', 'a', '--listen', text])).toMatchObject({ listen })
  })

  test.each(['9797', 'host', 'host:99999', '::1:80', ''])('%j is refused', (text) => {
    expect(refusal(['run', '--files', 'a', '--listen', text])).toMatchObject({
      exitCode: 2,
      text: expect.stringContaining('Give host:port, or :port for every interface.'),
    })
  })
})

describe('settings on the command line', () => {
  test('add to those of the file', async () => {
    const path = join(await folder(), 'config.yaml')
    writeFileSync(
      path,
      `alertmanagers: [{name: monitoring/main, urls: [http://am:9093]}]
addressPolicy: {allowLoopback: false, refuse: [10.0.0.1, "10.0.0.2:6443"]}
sinks: {allow: [hooks.example.org], refuse: [10.0.0.3]}
judge: {scrape: 1s, evaluate: 2s}
clusterDomain: example.internal
`,
    )
    const flags = ['--config', path, '--alertmanager-url', 'http://a:1', '--alertmanager-url', 'http://b:1']
    expect(command(['run', '--files', 'a', ...flags, '--allow-sink', 'mail:587'])).toMatchObject({
      settings: {
        alertmanagers: [
          { name: 'monitoring/main', urls: ['http://am:9093'] },
          { name: 'alertmanager', urls: ['http://a:1', 'http://b:1'] },
        ],
        addressPolicy: {
          loopback: 'refused',
          alsoRefused: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2', port: 6443 }],
        },
        sinks: { allowed: ['hooks.example.org', 'mail:587'], alsoRefused: [{ ip: '10.0.0.3' }] },
        judge: { scrapeMs: 1_000, evaluateMs: 2_000 },
        clusterDomain: 'example.internal',
      },
    })
  })

  test.each([
    [['--alertmanager-url', 'am:9093'], 'Give an absolute http or https URL.'],
    [['--alertmanager-url', 'http://u:p@am'], 'A URL must not hold credentials.'],
    [['--allow-sink', 'http://host/'], 'Give host or host:port.'],
  ])('%j is refused', (flags, sentence) => {
    expect(refusal(['run', '--files', 'a', ...flags])).toMatchObject({
      exitCode: 2,
      text: expect.stringContaining(sentence),
    })
  })
})

describe('a wrong configuration file', () => {
  let path = ''
  beforeEach(async () => {
    path = join(await folder(), 'config.yaml')
  })
  const problems = (text: string) => {
    writeFileSync(path, text)
    const { text: told, exitCode } = refusal(['operator', '--config', path])
    expect(exitCode).toBe(78)
    return told.replaceAll(path, 'FILE').trimEnd().split('\n')
  }

  test('is told with all its problems at once, and with the name that was perhaps meant', () => {
    const text = `
alertmanager: []
judge: {scrap: 1s, evaluate: 10ms}
alertmanagers:
- {name: main, urls: [main, "http://u@h"], auth: {}}
sinks: {allow: ["a b"], refuse: [10.0.0.0/8]}
addressPolicy: {refuse: [host]}
`
    expect(problems(text)).toEqual([
      '✗ FILE: alertmanagers.0.urls.0: Give an absolute http or https URL.',
      '✗ FILE: alertmanagers.0.urls.1: A URL must not hold credentials.',
      '✗ FILE: alertmanagers.0: auth is not known; known are name, urls',
      '✗ FILE: addressPolicy.refuse.0: write an IP address, or IP:port',
      '✗ FILE: sinks.allow.0: write host or host:port',
      '✗ FILE: sinks.refuse.0: write an IP address, or IP:port',
      '✗ FILE: judge.evaluate: must be at least 1s',
      '✗ FILE: judge: scrap is not known; did you mean scrape?',
      '✗ FILE: alertmanager is not known; did you mean alertmanagers?',
    ])
  })

  test('that is not YAML is told with its line', () => {
    expect(problems('judge:\n  scrape: "1s\n')).toEqual([expect.stringMatching(/^✗ FILE:\d+: \S/)])
  })

  test('that is not there is told with the code of the system', () => {
    path = `${path}.missing`
    const { text, exitCode } = refusal(['operator', '--config', path])
    expect([text, exitCode]).toEqual([
      `✗ ${path} cannot be read (ENOENT); give an existing file to --config\n`,
      78,
    ])
  })

  test('that is empty changes nothing', () => {
    writeFileSync(path, '# nothing yet\n')
    expect(command(['operator', '--config', path])).toMatchObject({
      settings: { clusterDomain: 'cluster.local' },
    })
  })
})

describe('the command line', () => {
  test('answers help and version and ends well', () => {
    expect(read(['--version'])).toEqual({ kind: 'answered', text: '1.2.3\n' })
    const help = read(['--help'])
    expect(help.kind === 'answered' && help.text).toContain('Usage: roundsman ')
  })

  test('speaks of kubectl when it runs as its plugin', () => {
    const help = read(['--help'], home, '/home/li.na/.krew/bin/kubectl-roundsman')
    expect(help.kind === 'answered' && help.text).toContain('Usage: kubectl roundsman ')
  })

  test('that is wrong is refused with the name that was perhaps meant', () => {
    expect(refusal(['chek', 'a'])).toMatchObject({ exitCode: 2, text: expect.stringContaining('check') })
    expect(refusal(['run', '--file', 'a'])).toMatchObject({
      exitCode: 2,
      text: expect.stringContaining('--files'),
    })
    expect(refusal([])).toMatchObject({ exitCode: 2, text: expect.stringContaining('Usage: roundsman') })
  })

  test('wants colour unless NO_COLOR says otherwise', () => {
    expect(read(['check', 'a'])).toMatchObject({ isColourWanted: true })
    expect(read(['check', 'a'], { NO_COLOR: '1' })).toMatchObject({ isColourWanted: false })
  })
})

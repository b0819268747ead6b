// What the commands say, word for word: golden/<case>.in.yaml holds the options as its first document, then the manifests.
// UPDATE_GOLDEN=1 rewrites the outputs; a changed golden is reviewed like code.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { expect, test } from 'vitest'
import { check } from '../../src/cli/check.ts'
import { generate } from '../../src/cli/generate.ts'
import { probe } from '../../src/cli/probe.ts'
import type { ExitCode, Terminal } from '../../src/cli/terminal.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import { parseManifest } from '../../src/manifest/parse-manifest.ts'
import { joinManifests } from '../../src/manifest/read-manifests.ts'

type Options = {
  command: 'check' | 'generate' | 'probe'
  output?: 'table' | 'json' | 'yaml'
  targets?: string[]
  isColour?: boolean
  outcomes?: Record<string, Partial<Outcome>> // By name of the target; what is left out is a success.
}

const folder = join(import.meta.dirname, 'golden')
const installation = {
  clusterId: '',
  delivery: 'Direct',
  clusterDomain: 'cluster.local',
  standalone: true,
} as const

for (const input of readdirSync(folder).filter((file) => file.endsWith('.in.yaml'))) {
  test(input.replace('.in.yaml', '').replaceAll('-', ' '), async () => {
    const said = await run(readFileSync(join(folder, input), 'utf8'))
    const golden = join(folder, input.replace('.in.yaml', '.out.txt'))
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, said)
    expect(said).toBe(readFileSync(golden, 'utf8'))
  })
}

async function run(text: string): Promise<string> {
  const split = text.indexOf('\n---\n')
  const options = load(text.slice(0, split)) as Options
  // The options become comments' worth of empty lines, so that lines in messages are those of the golden's input.
  const manifests = text.slice(0, split).replace(/[^\n]/g, '') + text.slice(split)
  const written = { out: '', err: '' }
  const terminal: Terminal = {
    out: (part) => {
      written.out += part
    },
    say: (part) => {
      written.err += part
    },
    isColour: options.isColour === true,
    folder: '/home/li.na/shop',
  }
  const code = await runCommand(
    options,
    joinManifests([parseManifest(manifests, '/home/li.na/shop/all.yaml')]),
    terminal,
  )
  return `# exit code ${code}\n# stdout\n${written.out}# stderr\n${written.err}`
}

type Read = ReturnType<typeof joinManifests>

async function runCommand(options: Options, manifests: Read, terminal: Terminal): Promise<ExitCode> {
  const { command, output = 'table', targets = [], outcomes = {} } = options
  switch (command) {
    case 'check':
      return check({ manifests, output }, terminal)
    case 'generate':
      return generate(
        { manifests, output: output === 'json' ? 'json' : 'yaml', clusterDomain: 'cluster.local', now: 0 },
        terminal,
      )
    case 'probe':
      return probe(
        {
          manifests,
          targets,
          output,
          installation,
          now: 0,
          probeOnce: async (entry) => {
            if ('unrunnable' in entry.probe) return { ...success, kind: 'unknown', ...entry.probe.unrunnable }
            return { ...success, ...outcomes[entry.target] } as Outcome
          },
        },
        terminal,
      )
  }
}

const success: Outcome = {
  kind: 'ok',
  address: '10.2.3.4:8080',
  ipVersion: 4,
  startedAt: 0,
  durationSeconds: 0.0124,
  phases: { resolve: 0.001, connect: 0.002, processing: 0.009, transfer: 0.0004 },
  attempts: 1,
  measurementDegraded: false,
  message: 'got 200 from 10.2.3.4 after 12ms',
}

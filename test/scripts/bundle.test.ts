// The bundle is the program without its surroundings: it runs where there is neither node_modules nor a TypeScript source.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundle } from '../../scripts/bundle.ts'

const folder = mkdtempSync(join(tmpdir(), 'roundsman-bundle-'))
const main = join(folder, 'app/main.mjs')
const flags = ['--disable-proto=delete', '--enable-source-maps']

beforeAll(async () => {
  await bundle(join(folder, 'app'))
  writeFileSync(
    join(folder, 'target.yaml'),
    `apiVersion: roundsman.dev/v1alpha1
kind: InspectionTarget
metadata: {name: nobody}
spec: {interval: 1s, tcp: {host: 127.0.0.1, port: 1}}
`,
  )
}, 30_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function run(...args: string[]) {
  return spawnSync(process.execPath, [...flags, main, ...args], { cwd: folder, encoding: 'utf8', env: {} })
}

test('it knows its version', () => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'))
  expect(run('--version').stdout).toBe(`${version}\n`)
})

test('it probes', () => {
  const { stdout, status } = run('probe', 'target.yaml', '-o', 'json')
  expect(JSON.parse(stdout)).toMatchObject([{ target: 'nobody', reason: 'ConnectRefused' }])
  expect(status).toBe(1)
})

test('its probe thread runs, and it ends well when it is told to', async () => {
  const args = ['run', '--files', 'target.yaml', '--listen', '127.0.0.1:0', '--data', 'data']
  const child: ChildProcess = spawn(process.execPath, [...flags, main, ...args], { cwd: folder, env: {} })
  let output = ''
  for await (const text of child.stdout!.setEncoding('utf8')) {
    output += text
    if (output.includes('connection refused')) break
  }
  child.kill('SIGTERM')
  if (child.exitCode === null) await once(child, 'exit')
  expect(child.exitCode).toBe(0)
})

test('it finds the Kubernetes client and says what it lacks', () => {
  writeFileSync(join(folder, 'kubeconfig'), 'apiVersion: v1\nkind: Config\n')
  const { stderr, status } = spawnSync(
    process.execPath,
    [...flags, main, 'operator', '--listen', '127.0.0.1:0'],
    {
      cwd: folder,
      encoding: 'utf8',
      env: { KUBECONFIG: join(folder, 'kubeconfig') },
    },
  )
  expect(stderr).toContain('has no current context')
  expect(status).not.toBe(0)
})

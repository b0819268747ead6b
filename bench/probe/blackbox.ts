// The peer's side of the probe benchmark: blackbox_exporter, asked as Prometheus would, over kept-alive connections.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../e2e/cluster/free-port.ts'
import { cpuSeconds, peakMemoryMiB, type Started, start } from './process-figures.ts'

export type BlackboxPlan = {
  readonly program: string
  readonly module: 'http' | 'tcp'
  readonly target: string
  readonly authority: string
  readonly concurrency: number
  readonly warmUpProbes: number
  readonly probes: number
}

export type BlackboxFigures = {
  readonly probes: number
  readonly failed: number
  readonly cpuSeconds: number
  readonly durationsMs: readonly number[]
  readonly peakMemoryMiB: number
}

export async function runBlackbox(plan: BlackboxPlan): Promise<BlackboxFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'roundsman-bench-'))
  const port = await freePort()
  writeFileSync(join(folder, 'ca.pem'), plan.authority)
  writeFileSync(join(folder, 'blackbox.yml'), configuration(join(folder, 'ca.pem')))
  const program = start(0, plan.program, [
    `--config.file=${join(folder, 'blackbox.yml')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ])
  try {
    return await ask(program, port, plan)
  } finally {
    await program.stop()
    rmSync(folder, { recursive: true })
  }
}

async function ask(program: Started, port: number, plan: BlackboxPlan): Promise<BlackboxFigures> {
  const agent = new Agent({ keepAlive: true, maxSockets: plan.concurrency })
  const url = `http://127.0.0.1:${port}/probe?module=${plan.module}&target=${encodeURIComponent(plan.target)}`
  const once = () => probe(agent, url)
  await answers(once)
  await repeat(once, plan.warmUpProbes, plan.concurrency)
  const before = cpuSeconds(program.pid)
  const results = await repeat(once, plan.probes, plan.concurrency)
  const figures = {
    probes: results.length,
    failed: results.filter(({ isOk }) => !isOk).length,
    cpuSeconds: cpuSeconds(program.pid) - before,
    durationsMs: results.map(({ durationMs }) => durationMs),
    peakMemoryMiB: peakMemoryMiB(program.pid),
  }
  agent.destroy()
  return figures
}

type Result = { readonly isOk: boolean; readonly durationMs: number }

function probe(agent: Agent, url: string): Promise<Result> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => {
        const [, seconds] = /^probe_duration_seconds (\S+)$/m.exec(text) ?? []
        resolve({ isOk: /^probe_success 1$/m.test(text), durationMs: Number(seconds) * 1000 })
      })
    })
    asked.on('error', reject)
    asked.end()
  })
}

// A fixed number in flight, each followed at once by the next.
async function repeat(
  once: () => Promise<Result>,
  count: number,
  concurrency: number,
): Promise<readonly Result[]> {
  const results: Result[] = []
  let begun = 0
  const loop = async () => {
    while (begun < count) {
      begun += 1
      results.push(await once())
    }
  }
  await Promise.all(Array.from({ length: concurrency }, loop))
  return results
}

async function answers(once: () => Promise<Result>): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await once()
      return
    } catch (error) {
      if (attempt === 100) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

function configuration(authorityFile: string): string {
  return `modules:
  http:
    prober: http
    timeout: 5s
    http:
      preferred_ip_protocol: ip4
      tls_config:
        ca_file: ${authorityFile}
  tcp:
    prober: tcp
    timeout: 5s
    tcp:
      preferred_ip_protocol: ip4
`
}

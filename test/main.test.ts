// The whole program as a process of its own, without a cluster: from a manifest to a webhook and a mail, and to an orderly end.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { MailSink } from './fakes/mail-sink.ts'
import { WebhookSink } from './fakes/webhook-sink.ts'
import { scratchFolders } from './files/scratch.ts'

const main = join(import.meta.dirname, '../src/main.ts')
const scratch = scratchFolders()
const running: ChildProcess[] = []

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

test('a broken target is told and told as mended, manifests are read again, and SIGTERM ends it well', {
  timeout: 60_000,
}, async () => {
  const shop = await startShop()
  const webhook = await WebhookSink.start({ token: 'open-sesame' })
  const mail = await MailSink.start({ to: 'ops@example.com' })
  const folder = await writeManifests(await scratch(), { shop: shop.url, webhook, mail })
  const data = join(await scratch(), 'data')
  const first = await startProgram(folder, data)
  const series = async () => (await fetch(`http://${await addressOf(data)}/metrics/targets`)).text()
  await eventually(async () => expect(await series()).toContain(verdict('checkout', 'Healthy')))
  for (const path of ['healthz', 'readyz'])
    expect((await fetch(`http://${await addressOf(data)}/${path}`)).status).toBe(200)

  shop.isBroken = true
  const second = startProgram(folder, data)
  await eventually(() => expect(webhook.messages.map(({ status }) => status)).toContain('firing'))
  await eventually(() => expect(mail.mails[0]?.to).toEqual(['ops@example.com']))
  expect(webhook.messages[0]?.alerts[0]?.labels).toMatchObject({
    alertname: 'TargetDown',
    namespace: 'shop',
    target: 'checkout',
    severity: 'critical',
  })
  const refused = await second
  expect(await exitOf(refused)).toBe(78)
  expect(refused.text()).toContain(data)

  shop.isBroken = false
  await writeFile(join(folder, 'added.yaml'), target('added', shop.url))
  await eventually(async () => expect(await series()).toContain(verdict('added', 'Healthy')))
  await eventually(() => expect(webhook.messages.map(({ status }) => status)).toContain('resolved'))
  await eventually(() => expect(mail.mails.length).toBeGreaterThan(1))
  expect(webhook.refused).toEqual([])

  first.child.kill('SIGTERM')
  expect(await exitOf(first)).toBe(0)
  await Promise.all([shop.stop(), webhook.stop(), mail.stop()])
})

type Running = { readonly child: ChildProcess; text(): string }

async function startProgram(folder: string, data: string): Promise<Running> {
  const config = join(folder, '..', `${folder.split('/').at(-1)}.config.yaml`)
  await writeFile(config, 'judge: {scrape: 1s, evaluate: 1s}\n')
  const args = ['run', '--files', folder, '--data', data, '--listen', '127.0.0.1:0', '--config', config]
  const child = spawn(process.execPath, [main, ...args, '--allow-sink', '127.0.0.1'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.push(child)
  const output: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => output.push(text))
  return { child, text: () => output.join('') }
}

async function exitOf({ child }: Running): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}

/** Where the process listens, as its lock tells other commands. */
async function addressOf(data: string): Promise<string> {
  return (JSON.parse(await readFile(join(data, 'lock'), 'utf8')) as { address: string }).address
}

/** The program is a real one, with a clock of its own: the only way is to look, and look again. */
function eventually(look: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(look, { timeout: 15_000, interval: 50 })
}

type Shop = { readonly url: string; isBroken: boolean; stop(): Promise<void> }

async function startShop(): Promise<Shop> {
  const server: Server = createServer((_request, response) =>
    response.writeHead(shop.isBroken ? 503 : 200).end(),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const shop: Shop = {
    url: `http://127.0.0.1:${port}/health`,
    isBroken: false,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
  return shop
}

type World = { readonly shop: string; readonly webhook: WebhookSink; readonly mail: MailSink }

async function writeManifests(parent: string, { shop, webhook, mail }: World): Promise<string> {
  const folder = join(parent, 'manifests')
  await mkdir(folder)
  await writeFile(join(folder, 'checkout.yaml'), target('checkout', shop))
  await writeFile(
    join(folder, 'policy.yaml'),
    `apiVersion: roundsman.dev/v1alpha1
kind: AlertPolicy
metadata: {name: checkout, namespace: shop}
spec:
  targets: {names: [checkout]}
  rules: [{name: down, severity: critical, down: {}}]
  receivers:
    - name: hook
      webhook:
        urlFrom: {secretKeyRef: {name: hook, key: url}}
        bearerFrom: {secretKeyRef: {name: hook, key: token}}
    - name: mail
      email: {to: [ops@example.com], from: roundsman@example.com, smarthost: "${mail.smarthost}", requireTLS: false}
  defaultReceiver: hook
  routes: [{severities: [critical], receivers: [hook, mail]}]
  grouping: {wait: 1s, interval: 1s, repeat: 1m}
---
apiVersion: v1
kind: Secret
metadata: {name: hook, namespace: shop}
stringData: {url: "${webhook.url}", token: ${webhook.token}}
`,
  )
  return folder
}

function target(name: string, url: string): string {
  return `apiVersion: roundsman.dev/v1alpha1
kind: InspectionTarget
metadata: {name: ${name}, namespace: shop}
spec: {interval: 1s, failureThreshold: 1, http: {url: "${url}"}}
`
}

function verdict(target: string, verdict: string): string {
  return `roundsman_target_verdict{namespace="shop",target="${target}",verdict="${verdict}"} 1`
}

// A sample service to inspect: an ordinary HTTP service with a health check, a business route and metrics, an inbox for messages, and a
// switch that breaks it.
// It knows nothing of Roundsman, so that what is seen of it is seen from outside alone.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Inbox } from './inbox.ts'
import { isMode, type Mode } from './mode.ts'
import { switchPage } from './switch-page.ts'

/** Calls back once after a delay in milliseconds; the answer cancels it. */
export type After = (delayMs: number, callback: () => void) => () => void

export type SampleService = {
  /** e.g. `http://127.0.0.1:8080`, without a slash at the end. */
  readonly url: string
  mode(): Mode
  setMode(mode: Mode): void
  /** Ends every connection, the silent ones too. */
  stop(): Promise<void>
}

export type SampleOptions = {
  readonly host: string
  readonly port: number // 0 takes a free one.
  readonly after: After
  /** How long an answer takes while the mode is `slow`. */
  readonly slowMs?: number
  /** A person turned the switch by the page or by HTTP. */
  readonly onSwitched?: (mode: Mode) => void
}

/** Rejects with the system's error when the port cannot be had. */
export async function startSampleService(options: SampleOptions): Promise<SampleService> {
  const { host, port, after, slowMs = 1_500, onSwitched = () => {} } = options
  const counts = new Map<string, number>()
  const inbox = new Inbox()
  let mode: Mode = 'ok'
  const server = createServer((request, response) => {
    const path = URL.parse(request.url ?? '/', 'http://sample')?.pathname ?? ''
    if (path === '/' && request.method === 'GET')
      return send(response, 200, switchPage(mode), 'text/html; charset=utf-8')
    if (path === '/switch' && request.method === 'POST') return void turnSwitch(request, response)
    if (path === '/metrics') return send(response, 200, metricsText(counts), 'text/plain; version=0.0.4')
    if (path === '/inbox' && request.method === 'POST') return void takeMessage(request, response)
    if (path === '/inbox') return send(response, 200, inbox.text, 'text/plain; charset=utf-8')
    if (!Object.hasOwn(routes, path)) return answer(response, 404, { error: 'no such path' }, path)
    return behave(response, path as keyof typeof routes)
  })

  /** Works in every mode: what is broken is the service, not who is told of it. */
  async function takeMessage(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isTaken = await inbox.take(request)
    answer(
      response,
      isTaken ? 200 : 413,
      isTaken ? { taken: true } : { error: 'too long, or broken off' },
      '/inbox',
    )
  }

  function behave(response: ServerResponse, path: keyof typeof routes): void {
    switch (mode) {
      case 'ok':
        answer(response, 200, routes[path], path)
        break
      case 'slow': {
        const cancel = after(slowMs, () => answer(response, 200, routes[path], path))
        response.once('close', cancel)
        break
      }
      case 'fail':
        answer(response, 503, { status: 'failing', error: 'the database does not answer' }, path)
        break
      case 'silent': // The connection stays open and nothing is said.
        break
      default:
        mode satisfies never
    }
  }

  function answer(response: ServerResponse, status: number, body: unknown, path: string): void {
    const series = `path="${Object.hasOwn(routes, path) ? path : 'other'}",code="${status}"`
    counts.set(series, (counts.get(series) ?? 0) + 1)
    send(response, status, `${JSON.stringify(body)}\n`, 'application/json')
  }

  async function turnSwitch(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const wanted = modeIn(await bodyOf(request))
    if (wanted === undefined)
      return answer(response, 400, { error: 'expected {"mode": "ok|slow|fail|silent"}' }, '')
    mode = wanted
    onSwitched(mode)
    if (request.headers['content-type'] !== 'application/x-www-form-urlencoded')
      return answer(response, 200, { mode }, '')
    response.writeHead(303, { Location: '/' }).end() // Back to the page whose button was pressed.
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const { port: taken } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    mode: () => mode,
    setMode: (wanted) => {
      mode = wanted
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const routes = {
  '/health': { status: 'ok' },
  '/orders': {
    orders: [
      { id: 1001, item: 'lantern', state: 'shipped' },
      { id: 1002, item: 'whistle', state: 'packed' },
    ],
  },
} as const

const bodyBytesMax = 1024

function send(response: ServerResponse, status: number, body: string, type: string): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) }).end(body)
}

/** Empty when it is too long or broke off. */
async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  try {
    for await (const chunk of request) {
      body += chunk
      if (body.length > bodyBytesMax) return ''
    }
    return body
  } catch {
    return ''
  }
}

/** JSON for programs, a form for the page. */
function modeIn(body: string): Mode | undefined {
  const mode = body.startsWith('{') ? modeInJson(body) : new URLSearchParams(body).get('mode')
  return isMode(mode) ? mode : undefined
}

function modeInJson(body: string): unknown {
  try {
    return (JSON.parse(body) as { readonly mode?: unknown }).mode
  } catch {
    return undefined
  }
}

function metricsText(counts: ReadonlyMap<string, number>): string {
  const samples = [...counts].map(([labels, count]) => `sample_http_requests_total{${labels}} ${count}\n`)
  return `# HELP sample_http_requests_total Answers given\n# TYPE sample_http_requests_total counter\n${samples.join('')}`
}

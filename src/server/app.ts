// What the program answers over HTTP. Routes over ports: whatever is shown is read from the functions given, at the moment of the request.
import { Hono } from 'hono'
import type { HealthReport } from '../telemetry/health.ts'
import { textStream } from './text-stream.ts'

export type ServerPorts = {
  /** The program's own metrics. */
  readonly metrics: { readonly contentType: string; text(): Promise<string> }
  /** The per-target series in pieces, each small enough not to hold the event loop. */
  targetSeries(): Iterable<string>
  health(): HealthReport
  readiness(): HealthReport
}

const endpoints: readonly (readonly [path: string, meaning: string])[] = [
  ['/metrics', "this program's own metrics"],
  ['/metrics/targets', 'the results of all targets; scrape with honor_labels: true'],
  ['/healthz', 'whether this program works; ?verbose lists each check'],
  ['/readyz', 'whether it has read everything it needs; ?verbose lists each kind'],
]

const plainText = 'text/plain; charset=utf-8'
const expositionText = 'text/plain; version=0.0.4; charset=utf-8'

export function createApp(ports: ServerPorts): Hono {
  const app = new Hono()
  app.use(async (context, next) => {
    await next()
    context.header('X-Content-Type-Options', 'nosniff')
    context.header('Cache-Control', 'no-store')
  })
  app.get('/', (context) => context.text(index()))
  app.get('/metrics', async (context) => {
    const text = await ports.metrics.text()
    return context.body(text, 200, { 'Content-Type': ports.metrics.contentType })
  })
  app.get('/metrics/targets', (context) =>
    context.body(textStream(ports.targetSeries()), 200, { 'Content-Type': expositionText }),
  )
  app.get('/healthz', (context) => reportAnswer(ports.health(), context.req.query('verbose') !== undefined))
  app.get('/readyz', (context) => reportAnswer(ports.readiness(), context.req.query('verbose') !== undefined))
  app.notFound((context) => {
    const isKnown = context.req.path === '/' || endpoints.some(([path]) => path === context.req.path)
    if (!isKnown) return context.text('not found; the list of endpoints is at /\n', 404)
    return context.text(`${context.req.path} takes GET only\n`, 405, { Allow: 'GET, HEAD' })
  })
  return app
}

function index(): string {
  const width = Math.max(...endpoints.map(([path]) => path.length))
  return [
    'roundsman',
    '',
    ...endpoints.map(([path, meaning]) => `${path.padEnd(width)}  ${meaning}`),
    '',
  ].join('\n')
}

/** `ok`, or what is wrong; every check with `verbose`, marked as Kubernetes' own health endpoints mark them. */
function reportAnswer({ ok, checks }: HealthReport, isVerbose: boolean): Response {
  const shown = checks.filter((check) => isVerbose || !check.ok)
  const lines =
    ok && !isVerbose ? [] : shown.map(({ name, ok, detail }) => `[${ok ? '+' : '-'}]${name} ${detail}`)
  const text = [...lines, ok ? 'ok' : 'not ok', ''].join('\n')
  return new Response(text, { status: ok ? 200 : 503, headers: { 'Content-Type': plainText } })
}

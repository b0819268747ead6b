// A strict receiver of Alertmanager's webhook, version 4: takes a message only with its bearer token and only in the documented form, and
// remembers what was wrong with every other.
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { z } from 'zod'

const labels = z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), z.string())
const time = z.iso.datetime({ offset: true })
const status = z.enum(['firing', 'resolved'])

/** Of the root only what both ends need: Alertmanager added fields in 0.32 and 0.34, and may again. */
const message = z.object({
  version: z.literal('4'),
  receiver: z.string().min(1),
  status,
  groupKey: z.string().min(1),
  truncatedAlerts: z.literal(0),
  externalURL: z.string(),
  groupLabels: labels,
  commonLabels: labels,
  commonAnnotations: z.record(z.string(), z.string()),
  alerts: z
    .array(
      z.strictObject({
        status,
        labels,
        annotations: z.record(z.string(), z.string()),
        startsAt: time,
        endsAt: time,
        generatorURL: z.string(),
        fingerprint: z.string().regex(/^[0-9a-f]{16}$/),
      }),
    )
    .min(1),
})
export type WebhookMessage = z.infer<typeof message>

export class WebhookSink {
  readonly url: string
  readonly token: string
  /** Every message that was taken, in the order of their arrival. */
  readonly messages: WebhookMessage[] = []
  /** One sentence for each that was not. */
  readonly refused: string[] = []
  readonly #server: Server

  private constructor(server: Server, url: string, token: string) {
    this.#server = server
    this.url = url
    this.token = token
    server.on('request', async (request, response) => {
      const problem = await this.#take(request)
      if (problem !== undefined) this.refused.push(problem)
      response.writeHead(problem === undefined ? 200 : 400).end()
    })
  }

  /** Listens on a free port of `host`, at the path /hook. */
  static async start({ token, host = '127.0.0.1' }: { token: string; host?: string }): Promise<WebhookSink> {
    const server = createServer()
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, host, resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    return new WebhookSink(server, `http://${host}:${port}/hook`, token)
  }

  /** Messages that hold an alert of this status. */
  ofStatus(status: 'firing' | 'resolved'): readonly WebhookMessage[] {
    return this.messages.filter(({ alerts }) => alerts.some((alert) => alert.status === status))
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #take(request: IncomingMessage): Promise<string | undefined> {
    const { method, url, headers } = request
    const body = await text(request)
    if (method !== 'POST' || url !== '/hook') return `${method} ${url} is not POST /hook`
    if (!/^application\/json\b/.test(headers['content-type'] ?? ''))
      return `the body is ${headers['content-type']}`
    if (headers.authorization !== `Bearer ${this.token}`) return 'the bearer token is missing or wrong'
    const parsed = message.safeParse(parseJson(body))
    if (!parsed.success) return z.prettifyError(parsed.error)
    this.messages.push(parsed.data)
    return undefined
  }
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

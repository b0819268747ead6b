// A small REST client for the suite's own looks at the cluster. What a user would type goes through the real kubectl (kubectl.ts);
// what is polled many times a second goes through here, because a kubectl process costs a tenth of a second of both cores.
import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'

/** A Kubernetes object as the suite sees it: its metadata by type, the rest by the test's own knowledge. */
export type KubeObject = {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid?: string
    readonly resourceVersion?: string
    readonly generation?: number
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly finalizers?: readonly string[]
    readonly ownerReferences?: readonly {
      readonly kind: string
      readonly name: string
      readonly uid: string
    }[]
    readonly creationTimestamp?: string
    readonly deletionTimestamp?: string
  }
}

/** The answer of the API server when it is not 2xx. */
export class ApiError extends Error {
  readonly code: number
  readonly reason: string | undefined

  constructor(what: string, code: number, body: string) {
    const status = parseStatus(body)
    super(`${what}: ${code} ${status.message ?? body}`)
    this.code = code
    this.reason = status.reason
  }
}

export type ApiCredentials = {
  readonly server: string
  readonly caFile: string
  readonly certFile?: string
  readonly keyFile?: string
  readonly token?: string
}

const patchTypes = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

export class ApiClient {
  readonly #server: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #agent: Agent

  constructor({ server, caFile, certFile, keyFile, token }: ApiCredentials) {
    this.#server = server
    this.#headers = token ? { authorization: `Bearer ${token}` } : {}
    this.#agent = new Agent({
      headersTimeout: 30_000,
      bodyTimeout: 30_000,
      connect: {
        ca: readFileSync(caFile),
        ...(certFile && keyFile ? { cert: readFileSync(certFile), key: readFileSync(keyFile) } : {}),
      },
    })
  }

  /** undefined when there is no such object, or the API server does not serve its kind. */
  async get<T = KubeObject>(path: string): Promise<T | undefined> {
    try {
      return await this.send<T>('GET', path)
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) {
        return undefined
      }
      throw error
    }
  }

  /** The items of a list, without limit: a test's lists are short. */
  async list<T = KubeObject>(path: string): Promise<readonly T[]> {
    return (await this.send<{ items: readonly T[] }>('GET', path)).items
  }

  create<T = KubeObject>(path: string, object: unknown): Promise<T> {
    return this.send('POST', path, object)
  }

  patch<T = KubeObject>(path: string, type: keyof typeof patchTypes, patch: unknown): Promise<T> {
    return this.send('PATCH', path, patch, patchTypes[type])
  }

  /** Creates the object, or brings it to this state, by server-side apply. */
  apply<T = KubeObject>(path: string, object: unknown): Promise<T> {
    return this.patch(`${path}?fieldManager=roundsman-e2e&force=true`, 'apply', object)
  }

  /** An object that is gone already counts as removed; so does one that is another by now, if a UID is given. */
  async remove(
    path: string,
    options: { uid?: string | undefined; gracePeriodSeconds?: number } = {},
  ): Promise<void> {
    const { uid, ...deleteOptions } = options
    const goneCodes = uid === undefined ? [404] : [404, 409]
    try {
      await this.send('DELETE', path, { ...deleteOptions, ...(uid ? { preconditions: { uid } } : {}) })
    } catch (error) {
      if (!(error instanceof ApiError && goneCodes.includes(error.code))) {
        throw error
      }
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async send<T>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<T> {
    const answer = await request(`${this.#server}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: {
        ...this.#headers,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': contentType }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await answer.body.text()
    if (answer.statusCode >= 300) {
      throw new ApiError(`${method} ${path}`, answer.statusCode, text)
    }
    return (answer.headers['content-type']?.includes('json') ? JSON.parse(text) : text) as T
  }
}

/**
 * The path of a collection or, with a name, of one object: `resource('apps/v1', 'statefulsets', 'shop', 'db')`.
 * The namespace is undefined for kinds that have none. A subresource is appended to the name: `'db/status'`.
 */
export function resource(apiVersion: string, plural: string, namespace?: string, name?: string): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const scope = namespace === undefined ? '' : `/namespaces/${namespace}`
  return `${root}${scope}/${plural}${name === undefined ? '' : `/${name}`}`
}

function parseStatus(body: string): { reason?: string; message?: string } {
  try {
    return JSON.parse(body)
  } catch {
    return {} // A proxy's page, or a plain text such as that of /readyz.
  }
}

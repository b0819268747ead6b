// Plain HTTP to the programs under test: Prometheus, Alertmanager, the operator's own endpoints.
import { request } from 'undici'

/** The parsed body of a 2xx answer; rejects with the status and the text of any other. */
export async function getJson<T>(url: string): Promise<T> {
  const answer = await request(url, { headersTimeout: 10_000, bodyTimeout: 10_000 })
  const text = await answer.body.text()
  if (answer.statusCode >= 300) {
    throw new Error(`GET ${url}: ${answer.statusCode} ${text.slice(0, 500)}`)
  }
  return JSON.parse(text) as T
}

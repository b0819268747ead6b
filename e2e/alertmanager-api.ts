// What a test asks Alertmanager itself about alerts, receivers and silences: its API v2.
import { request } from 'undici'
import { getJson } from './cluster/http-json.ts'

export type Alert = {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly receivers: readonly { readonly name: string }[]
  readonly status: {
    readonly state: 'unprocessed' | 'active' | 'suppressed'
    readonly silencedBy: readonly string[]
  }
}

export type AlertmanagerSilence = {
  readonly id: string
  readonly createdBy: string
  readonly comment: string
  readonly endsAt: string
  readonly status: { readonly state: 'active' | 'pending' | 'expired' }
  readonly matchers: readonly { readonly name: string; readonly value: string; readonly isRegex: boolean }[]
}

export function alerts(url: string): Promise<readonly Alert[]> {
  return getJson(`${url}/api/v2/alerts`)
}

export async function receivers(url: string): Promise<readonly string[]> {
  const found = await getJson<readonly { name: string }[]>(`${url}/api/v2/receivers`)
  return found.map(({ name }) => name)
}

export function silences(url: string): Promise<readonly AlertmanagerSilence[]> {
  return getJson(`${url}/api/v2/silences`)
}

export async function liveSilences(url: string): Promise<readonly AlertmanagerSilence[]> {
  return (await silences(url)).filter(({ status }) => status.state !== 'expired')
}

/** A silence of somebody else, for an hour, that Roundsman must leave alone. Returns its id. */
export async function postForeignSilence(url: string): Promise<string> {
  const now = Date.now()
  const answer = await request(`${url}/api/v2/silences`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      matchers: [{ name: 'team', value: 'other', isRegex: false, isEqual: true }],
      startsAt: new Date(now).toISOString(),
      endsAt: new Date(now + 3_600_000).toISOString(),
      createdBy: 'somebody',
      comment: 'not of Roundsman',
    }),
  })
  return ((await answer.body.json()) as { silenceID: string }).silenceID
}

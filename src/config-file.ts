// The configuration file: its schema, which is also the chart's `config` value, and how it is read. All problems are told at once, with
// the place in the file, an unknown name with the nearest known one.
import { readFileSync } from 'node:fs'
import ipaddr from 'ipaddr.js'
import { loadAll, YAML11_SCHEMA, YAMLException } from 'js-yaml'
import { z } from 'zod'
import { lengthMs } from './api/v1alpha1/duration.ts'
import { nearest } from './api/v1alpha1/nearest.ts'
import type { AddressPolicy } from './domain/address-policy.ts'
import { parseSinkAddress } from './domain/sink-policy.ts'

const duration = (description: string) =>
  z
    .string({ error: 'write a duration such as 15s' })
    .regex(/^(\d{1,3}h)?(\d{1,5}m)?(\d{1,7}s)?(\d{1,9}ms)?$/, 'write a duration such as 15s')
    .refine((text) => lengthMs(text) >= 1_000, 'must be at least 1s')
    .transform(lengthMs)
    .meta({ description })

const refusals = (description: string) =>
  z
    .array(z.string().refine((text) => parseRefusal(text) !== undefined, 'write an IP address, or IP:port'))
    .default([])
    .meta({ description })

/** The configuration file; the chart's `config` value is the same. A key that is not here does not exist. */
export const configFile = z.strictObject({
  alertmanagers: z
    .array(
      z.strictObject({
        name: z.string().min(1).meta({ description: '<namespace>/<name> of the resource, or any name.' }),
        urls: z
          .array(
            z.string().superRefine((text, context) => {
              const problem = urlProblem(text)
              if (problem !== undefined) context.addIssue(problem)
            }),
          )
          .min(1)
          .meta({ description: 'All peers of this Alertmanager.' }),
      }),
    )
    .default([])
    .meta({ description: 'Alertmanagers that are not found by their resource.' }),
  addressPolicy: z
    .strictObject({
      allowLoopback: z.boolean().optional().meta({ description: 'Lets targets lie on this machine itself.' }),
      refuse: refusals('Addresses that may not be probed, as IP or IP:port; metadata addresses never are.'),
    })
    .default({ refuse: [] })
    .meta({ description: 'Which addresses may be probed.' }),
  sinks: z
    .strictObject({
      allow: z
        .array(z.string().refine((text) => parseSinkAddress(text) !== undefined, 'write host or host:port'))
        .default([])
        .meta({ description: 'Hosts that messages may be sent to, as host or host:port.' }),
      refuse: refusals('Addresses that no name may lead to, as IP or IP:port.'),
    })
    .default({ allow: [], refuse: [] })
    .meta({ description: 'Where messages may be sent to, besides the known robots.' }),
  judge: z
    .strictObject({
      scrape: duration('How often the own results are read, e.g. 15s.').default(15_000),
      evaluate: duration('How often rules are judged, e.g. 15s.').default(15_000),
    })
    .default({ scrape: 15_000, evaluate: 15_000 })
    .meta({ description: 'The judge of Direct delivery.' }),
  clusterDomain: z
    .string()
    .min(1)
    .default('cluster.local')
    .meta({ description: 'DNS domain of the cluster.' }),
})

export type ConfigFile = z.infer<typeof configFile>

export type ConfigFileReading =
  | { readonly ok: true; readonly file: ConfigFile }
  | { readonly ok: false; readonly problems: readonly string[] } // One sentence each, with the path of the file.

/** An empty file is a good one: everything has a default. */
export function readConfigFile(path: string): ConfigFileReading {
  const document = readYaml(path)
  if (!document.ok) return document
  const result = configFile.safeParse(document.content ?? {})
  if (result.success) return { ok: true, file: result.data }
  return { ok: false, problems: result.error.issues.flatMap((issue) => problemsOf(issue, path)) }
}

/** What is wrong with the URL of an Alertmanager; nothing when it is good. */
export function urlProblem(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    return 'Give an absolute http or https URL.'
  return url.username === '' && url.password === '' ? undefined : 'A URL must not hold credentials.'
}

type Refusals = NonNullable<AddressPolicy['alsoRefused']>

export function parseRefusals(texts: readonly string[]): Refusals {
  return texts.flatMap((text) => parseRefusal(text) ?? [])
}

function parseRefusal(text: string): Refusals[number] | undefined {
  if (ipaddr.isValid(text)) return { ip: text }
  const { host: ip, port } = parseSinkAddress(text) ?? { host: '', port: 0 }
  return ipaddr.isValid(ip) ? { ip, port } : undefined
}

function readYaml(path: string): { ok: true; content: unknown } | { ok: false; problems: string[] } {
  try {
    const [content] = loadAll(readFileSync(path, 'utf8'), { schema: YAML11_SCHEMA })
    return { ok: true, content }
  } catch (error) {
    if (error instanceof YAMLException) {
      const line = error.mark === undefined ? '' : `:${error.mark.line + 1}`
      return { ok: false, problems: [`${path}${line}: ${error.reason}`] }
    }
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    return { ok: false, problems: [`${path} cannot be read (${code}); give an existing file to --config`] }
  }
}

function problemsOf(issue: z.core.$ZodIssue, path: string): string[] {
  const where = issue.path.length === 0 ? '' : `${issue.path.join('.')}: `
  if (issue.code !== 'unrecognized_keys') return [`${path}: ${where}${issue.message}`]
  const known = knownKeys(configFile, issue.path)
  return issue.keys.map((key) => {
    const close = nearest(key, known)
    const hint = close === undefined ? `known are ${known.join(', ')}` : `did you mean ${close}?`
    return `${path}: ${where}${key} is not known; ${hint}`
  })
}

/** The keys that the schema knows at a path of the file. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const [step, ...rest] = path
  if (schema instanceof z.ZodDefault) return knownKeys(schema.unwrap() as z.ZodType, path)
  if (schema instanceof z.ZodArray) return knownKeys(schema.element as z.ZodType, rest)
  if (!(schema instanceof z.ZodObject)) return []
  if (step === undefined) return Object.keys(schema.shape)
  return knownKeys(schema.shape[String(step)] as z.ZodType, rest)
}

// From the spec of a target to its row in the probe table: computed defaults filled in, Services resolved. Pure.
import type { InspectionTargetSpec } from '../api/v1alpha1/inspection-target.ts'
import { durationMs, printDuration } from '../domain/duration.ts'
import type { KubeObject } from '../domain/kube-object.ts'
import type {
  Dial,
  HttpProbe,
  ProbeEntry,
  TcpProbe,
  TextExpectation,
  UnrunnableProbe,
} from '../domain/probe-entry.ts'
import { quantityValue } from '../domain/quantity.ts'
import type { Installation, ObjectReader } from './ports.ts'
import { dialService } from './service-dial.ts'

const defaultIntervalMs = 30_000
const longestDefaultTimeoutMs = 10_000

type Surroundings = { readonly objects: ObjectReader; readonly installation: Installation }

/** Interval and timeout in force, in milliseconds: the timeout defaults to 10 s or the interval, whichever is smaller. */
export function effectiveTimes(spec: InspectionTargetSpec): { intervalMs: number; timeoutMs: number } {
  const intervalMs = spec.interval === undefined ? defaultIntervalMs : durationMs(spec.interval)
  const timeoutMs =
    spec.timeout === undefined ? Math.min(longestDefaultTimeoutMs, intervalMs) : durationMs(spec.timeout)
  return { intervalMs, timeoutMs }
}

export function effectiveInWords(spec: InspectionTargetSpec): { interval: string; timeout: string } {
  const { intervalMs, timeoutMs } = effectiveTimes(spec)
  return { interval: printDuration(intervalMs), timeout: printDuration(timeoutMs) }
}

export function probeEntryOf(
  object: KubeObject,
  spec: InspectionTargetSpec,
  around: Surroundings,
): ProbeEntry {
  const { intervalMs, timeoutMs } = effectiveTimes(spec)
  const { name, namespace = '', uid = '' } = object.metadata
  return {
    uid,
    namespace,
    target: name,
    intervalMs,
    timeoutMs,
    ...(spec.retryInterval === undefined ? {} : { retryIntervalMs: durationMs(spec.retryInterval) }),
    limits: {
      failureThreshold: spec.failureThreshold ?? 3,
      successThreshold: spec.successThreshold ?? 1,
      intervalMs,
    },
    ...(spec.degraded === undefined ? {} : { degradedLatencyMs: durationMs(spec.degraded.latency) }),
    probe:
      spec.http === undefined
        ? tcpProbe(spec.tcp ?? {}, namespace, around)
        : httpProbe(spec.http, namespace, around),
  }
}

function httpProbe(
  http: NonNullable<InspectionTargetSpec['http']>,
  namespace: string,
  around: Surroundings,
): HttpProbe | UnrunnableProbe {
  const expect = httpExpectations(http)
  if (http.service === undefined) {
    const url = new URL(http.url ?? '')
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
    return {
      type: 'http',
      url: url.href,
      dial: dialName(url.hostname, port, namespace, around.installation),
      expect,
    }
  }
  const dialled = dialService(namespace, http.service, around.objects)
  if (!dialled.ok) return unrunnable('http', dialled.message)
  const dial = { ...dialled.dial, ...searchList(namespace, around.installation) }
  const scheme = http.scheme ?? 'http'
  const url = new URL(`${scheme}://${dialled.host}:${dialled.portNumber}${http.path ?? '/'}`)
  return { type: 'http', url: url.href, dial, expect }
}

function httpExpectations({ expect = {} }: NonNullable<InspectionTargetSpec['http']>): HttpProbe['expect'] {
  return {
    status: (expect.status ?? ['2xx']).map(String),
    body: (expect.body ?? []) as readonly TextExpectation[],
    ...(expect.latency === undefined ? {} : { latencyBelowMs: thresholdMs(expect.latency.below) }),
  }
}

function tcpProbe(
  tcp: NonNullable<InspectionTargetSpec['tcp']>,
  namespace: string,
  around: Surroundings,
): TcpProbe | UnrunnableProbe {
  if (tcp.service === undefined) {
    const dial = dialName(tcp.host ?? '', Number(tcp.port), namespace, around.installation)
    return { type: 'tcp', dial }
  }
  const dialled = dialService(namespace, tcp.service, around.objects)
  return dialled.ok ? { type: 'tcp', dial: dialled.dial } : unrunnable('tcp', dialled.message)
}

function dialName(host: string, port: number, namespace: string, installation: Installation): Dial {
  const bare = host.replace(/^\[(.*)\]$/, '$1') // URL writes IPv6 addresses in brackets.
  return { by: 'name', host: bare, port, ...searchList(namespace, installation) }
}

/** In a cluster a name is looked up as a Pod of the target's namespace would; standalone the machine's own search list holds. */
function searchList(
  namespace: string,
  { standalone, clusterDomain }: Installation,
): Pick<Dial, 'searchDomains'> {
  if (standalone) return {}
  return { searchDomains: [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain] }
}

function unrunnable(type: 'http' | 'tcp', message: string): UnrunnableProbe {
  return { type, unrunnable: { reason: 'ConfigReference', message } }
}

/** A latency threshold is in seconds unless it says its unit. The schema has admitted it. */
function thresholdMs(threshold: number | string): number {
  return quantityValue(threshold) * 1000
}

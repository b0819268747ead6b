// One row of the probe table: everything a prober needs to know about a target, resolved and free of references.
// Plain data: it crosses the thread boundary by structured clone.
import type { VerdictLimits, VerdictState } from './verdict.ts'

/** Where to connect. A URL's host is resolved by the prober; a Service was already resolved from the cluster's objects. */
export type Dial =
  | {
      readonly by: 'name'
      readonly host: string
      readonly port: number
      readonly searchDomains: readonly string[]
    }
  | { readonly by: 'address'; readonly ip: string; readonly port: number }

export type TextExpectation =
  | { readonly contains: string }
  | { readonly notContains: string }
  | { readonly matches: string } // RE2.
  | { readonly notMatches: string }

export type HttpProbe = {
  readonly type: 'http'
  readonly url: string // Absolute, with scheme; its host is what goes into Host and SNI.
  readonly dial: Dial // For the first hop; redirects dial by the name they give.
  readonly expect: {
    readonly status: readonly string[] // '2xx' classes or exact codes as text; never empty.
    readonly body: readonly TextExpectation[]
    readonly latencyBelowMs?: number
  }
}

export type TcpProbe = { readonly type: 'tcp'; readonly dial: Dial }

/** A probe that cannot run as it is declared: gives this unknown outcome at every slot, so the target shows why. */
export type UnrunnableProbe = {
  readonly type: 'http' | 'tcp'
  readonly unrunnable: { readonly reason: 'ConfigReference' | 'ConfigInvalid'; readonly message: string }
}

export type ProbeEntry = {
  readonly uid: string
  readonly namespace: string
  readonly target: string
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly retryIntervalMs?: number
  readonly limits: VerdictLimits
  readonly degradedLatencyMs?: number
  readonly probe: HttpProbe | TcpProbe | UnrunnableProbe
}

/** What the probe plane knows of one target after its latest probe. */
export type ProbeReport = {
  readonly state: VerdictState
  readonly transitions: readonly Transition[] // The last 10, oldest first.
}

export type Transition = {
  readonly time: number
  readonly from: VerdictState['verdict']
  readonly to: VerdictState['verdict']
  readonly reason: string
}

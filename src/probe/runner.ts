// One probe: its deadline, its attempts, and the outcome that is made of what an attempt found. Knows no schedule and no verdict.
import { isProberReason, type ProberReason } from '../api/v1alpha1/reasons.ts'
import type { Clock } from '../domain/clock.ts'
import { endpointText } from '../domain/host.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { ProbeEntry, SkipCause } from '../domain/probe-entry.ts'
import { classify } from './classify.ts'
import type { LagSampler } from './lag-sampler.ts'
import { timedMessage } from './message.ts'
import { PhaseTimer } from './phases.ts'
import type { Attempt, Finding, Notes, Surroundings } from './prober.ts'
import { prepare } from './registry.ts'
import type { Timers } from './timers.ts'
import { DeadlineReached, SlotSkipped, Withdrawn } from './trouble.ts'

/** `withdrawn`: the target was deleted or changed in mid-probe, there is no outcome. */
export type ProbeResult =
  | { readonly kind: 'ended'; readonly outcome: Outcome }
  | { readonly kind: 'skipped'; readonly cause: SkipCause }
  | { readonly kind: 'withdrawn' }

/** What a defect of ours was: the outcome alone does not hold the stack. */
export type DefectReporter = (entry: ProbeEntry, error: unknown) => void

/** An entry made ready: patterns compiled, what cannot run found out. */
export type PreparedProbe = (signal: AbortSignal) => Promise<ProbeResult>

export class ProbeRunner {
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #lag: LagSampler
  readonly #around: Surroundings
  readonly #onDefect: DefectReporter

  constructor(parts: {
    readonly clock: Clock
    readonly timers: Timers
    readonly lag: LagSampler
    readonly around: Surroundings
    readonly onDefect: DefectReporter
  }) {
    this.#clock = parts.clock
    this.#timers = parts.timers
    this.#lag = parts.lag
    this.#around = parts.around
    this.#onDefect = parts.onDefect
  }

  /** Ready to be run again and again. A run never rejects; it ends at the deadline, and at once when its signal is aborted. */
  prepare(entry: ProbeEntry): PreparedProbe {
    const { probe } = entry
    if ('unrunnable' in probe) return async () => this.#notRun(probe.unrunnable)
    const prepared = this.#prepare(entry, probe)
    if ('reason' in prepared) return async () => this.#notRun(prepared)
    return (signal) => this.#run(entry, prepared.attempt, signal)
  }

  // One entry that trips over a defect of ours must not take the other targets down with it.
  #prepare(
    entry: ProbeEntry,
    spec: Parameters<typeof prepare>[0],
  ): { readonly attempt: Attempt } | NotRunnable {
    try {
      const prepared = prepare(spec)
      return prepared.ok ? prepared : { reason: 'ConfigInvalid', message: prepared.message }
    } catch (error) {
      this.#onDefect(entry, error)
      return { reason: 'InternalError', message: 'a defect of Roundsman: the probe could not be prepared' }
    }
  }

  // A second attempt only when the first ran out of time while this thread was held up: then our own lag may be what took the time.
  async #run(entry: ProbeEntry, attempt: Attempt, signal: AbortSignal): Promise<ProbeResult> {
    for (let attempts = 1; ; attempts += 1) {
      const result = await this.#attempt(entry, { attempt, attempts }, signal)
      if (result.kind !== 'ended' || !result.outcome.measurementDegraded) return result
      if (!isTimeout(result.outcome)) return result
      if (attempts === 2) return { kind: 'ended', outcome: overloaded(result.outcome) }
    }
  }

  async #attempt(
    entry: ProbeEntry,
    { attempt, attempts }: { readonly attempt: Attempt; readonly attempts: number },
    withdrawn: AbortSignal,
  ): Promise<ProbeResult> {
    const startedAt = this.#clock.now()
    const timer = new PhaseTimer(this.#clock)
    const notes: Notes = {}
    const stop = new AbortController()
    const withdraw = () => stop.abort(new Withdrawn())
    if (withdrawn.aborted) withdraw()
    withdrawn.addEventListener('abort', withdraw)
    const deadline = this.#timers.after(entry.timeoutMs, () => stop.abort(new DeadlineReached()))
    try {
      const finding = await attempt({ signal: stop.signal, timer, notes, around: this.#around })
      return this.#ended(entry, { finding, startedAt, timer, notes, attempts })
    } catch (error) {
      if (error instanceof Withdrawn) return { kind: 'withdrawn' }
      if (error instanceof SlotSkipped) return { kind: 'skipped', cause: error.skipCause }
      const finding = findingOf(error, timer, notes)
      if (finding.kind === 'unknown' && finding.reason === 'InternalError') this.#onDefect(entry, error)
      return this.#ended(entry, { finding, startedAt, timer, notes, attempts })
    } finally {
      this.#timers.cancel(deadline)
      withdrawn.removeEventListener('abort', withdraw)
    }
  }

  #ended(
    entry: ProbeEntry,
    attempt: {
      readonly finding: Finding
      readonly startedAt: number
      readonly timer: PhaseTimer
      readonly notes: Notes
      readonly attempts: number
    },
  ): ProbeResult {
    const { finding, startedAt, timer, notes, attempts } = attempt
    timer.end()
    const durationSeconds = timer.elapsedSeconds()
    const phases = timer.seconds()
    const { address, http, tls } = notes
    const facts = {
      ...(address === undefined
        ? {}
        : { address: endpointText(address.ip, address.port), ipVersion: address.family }),
      startedAt,
      durationSeconds,
      phases,
      attempts,
      measurementDegraded: this.#isDegraded(timer.startedMs, entry.timeoutMs),
      ...(http === undefined ? {} : { http }),
      ...(tls === undefined ? {} : { tls }),
      message: isDenial(finding) ? finding.message : timedMessage(finding.message, durationSeconds, phases),
    }
    return { kind: 'ended', outcome: { ...facts, ...judged(finding, entry, durationSeconds) } }
  }

  #isDegraded(sinceMs: number, timeoutMs: number): boolean {
    return this.#lag.worstSince(sinceMs) > Math.max(10, timeoutMs / 10)
  }

  #notRun({ reason, message }: NotRunnable): ProbeResult {
    return {
      kind: 'ended',
      outcome: {
        kind: 'unknown',
        reason,
        message,
        startedAt: this.#clock.now(),
        durationSeconds: 0,
        phases: {},
        attempts: 0,
        measurementDegraded: false,
      },
    }
  }
}

type NotRunnable = { readonly reason: ProberReason; readonly message: string }

type Judged =
  | { readonly kind: 'ok'; readonly soft?: 'AssertionLatency' }
  | Omit<Finding & { readonly kind: 'failed' }, 'message'>
  | Omit<Finding & { readonly kind: 'unknown' }, 'message'>

function judged(finding: Finding, { degradedLatencyMs }: ProbeEntry, durationSeconds: number): Judged {
  if (finding.kind === 'failed') return { kind: 'failed', reason: finding.reason }
  if (finding.kind === 'unknown') return { kind: 'unknown', reason: finding.reason }
  const isSlow = degradedLatencyMs !== undefined && durationSeconds * 1000 > degradedLatencyMs
  return { kind: 'ok', ...(isSlow ? { soft: 'AssertionLatency' as const } : {}) }
}

function findingOf(error: unknown, timer: PhaseTimer, { address }: Notes): Finding {
  const phase = timer.current
  const peer = address === undefined ? 'the target' : endpointText(address.ip, address.port)
  const { reason, message } = classify(error, { phase, peer })
  return isProberReason(reason) ? { kind: 'unknown', reason, message } : { kind: 'failed', reason, message }
}

function isTimeout(outcome: Outcome): boolean {
  return outcome.kind === 'failed' && outcome.reason.startsWith('Timeout')
}

function isDenial(finding: Finding): boolean {
  return finding.kind === 'unknown' && finding.reason === 'PolicyDenied'
}

function overloaded({ message, ...facts }: Outcome): Outcome {
  return {
    ...facts,
    kind: 'unknown',
    reason: 'InternalOverload',
    message: `the prober was held up while measuring, twice in a row: ${message}`,
  }
}

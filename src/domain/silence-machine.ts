// What is to be done about one window of a Silence in one Alertmanager: a pure function of what is wanted and what its list shows
// (alerting.md section 5). Ids come from the list alone; status is never an input.
import type { Instant } from './clock.ts'
import { sameMatchers } from './matchers.ts'
import type { RemoteMatcher, RemoteSilence, SilencePost } from './remote-silence.ts'
import {
  type SilenceMarker,
  type SilenceTag,
  silenceAuthor,
  tagAnnotations,
  taggedComment,
  tagOf,
} from './silence-marker.ts'
import type { SilenceWindow } from './silence-window.ts'

export type DesiredSilence = {
  readonly marker: SilenceMarker
  /** Changes exactly when the spec does, e.g. its generation. */
  readonly revision: string
  readonly matchers: readonly RemoteMatcher[] // Canonical, the forced one on the namespace included.
  readonly window: SilenceWindow
  readonly comment: string // For people, author included.
  readonly isDeleted: boolean
}

/** One Alertmanager as last seen. */
export type ObservedAlertmanager = {
  readonly name: string
  readonly version?: string
  readonly silences?: readonly RemoteSilence[] // A complete list; absent until there was one.
  readonly problem?: { readonly message: string } // While it does not answer properly; without its name.
  readonly refusal?: { readonly message: string } // What the last write for this Silence answered, when it was refused.
}

type SilenceAction =
  | { readonly kind: 'post-silence'; readonly alertmanager: string; readonly silence: SilencePost }
  | { readonly kind: 'expire-silence'; readonly alertmanager: string; readonly silenceID: string }

export type SilenceStep = {
  readonly actions: readonly SilenceAction[]
  readonly status: {
    readonly name: string
    readonly silenceID: string // '' while there is none.
    readonly state: 'active' | 'pending' | 'expired' | '' // As the list shows it.
    readonly problem: string // '' while there is none.
  }
  /**
   * `inPlace`: the list shows what is wanted, which once the window is over or the Silence deleted is nothing. `acting`: the actions
   * will bring it about. `endedByHand`: somebody wants the alerts back, which is respected until the spec changes. `unknown`: nobody
   * can tell while this Alertmanager does not answer.
   */
  readonly outcome: 'inPlace' | 'acting' | 'endedByHand' | 'unknown'
}

export function silenceStep(desired: DesiredSilence, seen: ObservedAlertmanager, now: Instant): SilenceStep {
  const ours = (seen.silences ?? []).filter((silence) => isOf(desired.marker, silence, desired.isDeleted))
  const live = ours.filter((silence) => silence.state !== 'expired').toSorted(byFitTo(desired))
  const shown = live[0] ?? ours.toSorted((a, b) => b.endsAt - a.endsAt)[0]
  const step = (
    outcome: SilenceStep['outcome'],
    actions: readonly SilenceAction[],
    problem = '',
  ): SilenceStep => ({
    actions,
    status: { name: seen.name, silenceID: shown?.id ?? '', state: shown?.state ?? '', problem },
    outcome,
  })
  // Without a fresh list a POST could be the second one: it waits, and is made up for when the Alertmanager answers again.
  if (seen.silences === undefined || seen.problem !== undefined) {
    return step('unknown', [], seen.problem?.message ?? 'it has not answered yet')
  }
  const actions =
    desired.isDeleted || now >= desired.window.endsAt
      ? live.map(({ id }) => expire(seen, id))
      : live.length === 0 && ours.some((silence) => wasEndedByHand(silence, desired))
        ? undefined
        : bringAbout(desired, seen, live, now)
  if (actions === undefined) return step('endedByHand', [], endedByHandSentence)
  return actions.length === 0 ? step('inPlace', []) : step('acting', actions, seen.refusal?.message)
}

const endedByHandSentence =
  'the silence was ended by hand in Alertmanager and stays ended; change the spec to silence again'

/** Silences that carry our cluster's marker and whose Silence is not among `known`: candidates for the sweep, after a live read. */
export function orphanedSilences(
  seen: Pick<ObservedAlertmanager, 'silences'>,
  clusterId: string,
  known: ReadonlySet<string>,
): readonly { readonly silenceID: string; readonly uid: string }[] {
  return (seen.silences ?? []).flatMap((silence) => {
    const tag = silence.state === 'expired' ? undefined : tagOf(silence)
    if (tag === undefined || tag.clusterId !== clusterId || known.has(tag.uid)) return []
    return [{ silenceID: silence.id, uid: tag.uid }]
  })
}

/** Keeps the first of `live`, the best; with none of them there is one to make. */
function bringAbout(
  desired: DesiredSilence,
  seen: ObservedAlertmanager,
  live: readonly RemoteSilence[],
  now: Instant,
): readonly SilenceAction[] {
  const [best, ...surplus] = live
  if (best === undefined) return [post(seen, newSilence(desired, seen))]
  const update = updateOf(best, desired, seen, now)
  return [...(update === undefined ? [] : [post(seen, update)]), ...surplus.map(({ id }) => expire(seen, id))]
}

/** Undefined when nothing differs: each POST makes Alertmanager's memory grow. */
function updateOf(
  silence: RemoteSilence,
  desired: DesiredSilence,
  seen: ObservedAlertmanager,
  now: Instant,
): SilencePost | undefined {
  const wanted = newSilence(desired, seen)
  if (!sameMatchers(silence.matchers, desired.matchers) || isStartMoved(silence, desired, now)) {
    return { ...wanted, id: silence.id } // Alertmanager ends the old one and makes a new one, at once.
  }
  if (isSameSecond(silence.endsAt, desired.window.endsAt) && silence.comment === wanted.comment)
    return undefined
  // Only with the stored start and the stored order of matchers does it stay the same silence.
  return { ...wanted, id: silence.id, startsAt: silence.startsAtText, matchers: silence.matchers }
}

function newSilence(desired: DesiredSilence, { version }: ObservedAlertmanager): SilencePost {
  const tag: SilenceTag = { ...desired.marker, revision: desired.revision }
  return {
    matchers: desired.matchers,
    startsAt: new Date(desired.window.startsAt).toISOString(),
    endsAt: new Date(desired.window.endsAt).toISOString(),
    createdBy: silenceAuthor,
    comment: taggedComment(desired.comment, tag),
    ...(hasAnnotations(version) ? { annotations: tagAnnotations(tag) } : {}),
  }
}

/** An active silence has begun, and Alertmanager wrote its own clock into it: only a start still to come can have been moved. */
function isStartMoved(silence: RemoteSilence, { window }: DesiredSilence, now: Instant): boolean {
  if (isSameSecond(silence.startsAt, window.startsAt)) return false
  return silence.state === 'pending' || window.startsAt > now
}

/** Its record ended before its time, though it was written for this very spec; what we end ourselves is another spec's or over. */
function wasEndedByHand(silence: RemoteSilence, { revision, window }: DesiredSilence): boolean {
  return (
    silence.state === 'expired' &&
    tagOf(silence)?.revision === revision &&
    !isSameSecond(silence.endsAt, window.endsAt)
  )
}

/** All occurrences when it is deleted. */
function isOf(marker: SilenceMarker, silence: RemoteSilence, anyOccurrence: boolean): boolean {
  const tag = tagOf(silence)
  return (
    tag !== undefined &&
    tag.clusterId === marker.clusterId &&
    tag.uid === marker.uid &&
    (anyOccurrence || tag.occurrence === marker.occurrence)
  )
}

/** The same matchers before others, then the same end, then the smallest id. */
function byFitTo({ matchers, window }: DesiredSilence): (a: RemoteSilence, b: RemoteSilence) => number {
  const misfit = (silence: RemoteSilence) =>
    (sameMatchers(silence.matchers, matchers) ? 0 : 2) + (isSameSecond(silence.endsAt, window.endsAt) ? 0 : 1)
  return (a, b) => misfit(a) - misfit(b) || (a.id < b.id ? -1 : 1)
}

function isSameSecond(a: Instant, b: Instant): boolean {
  return Math.floor(a / 1000) === Math.floor(b / 1000)
}

/** From 0.32. An unknown version gets none: the comment is enough. */
function hasAnnotations(version: string | undefined): boolean {
  const [, major = '0', minor = '0'] = /^v?(\d+)\.(\d+)/.exec(version ?? '') ?? []
  return Number(major) > 0 || Number(minor) >= 32
}

function post({ name }: ObservedAlertmanager, silence: SilencePost): SilenceAction {
  return { kind: 'post-silence', alertmanager: name, silence }
}

function expire({ name }: ObservedAlertmanager, silenceID: string): SilenceAction {
  return { kind: 'expire-silence', alertmanager: name, silenceID }
}

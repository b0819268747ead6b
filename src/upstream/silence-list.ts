// Lists of silences as values: put together from several replicas, compared, and foretold after a write.
import type { Instant } from '../domain/clock.ts'
import type { RemoteSilence, SilencePost } from '../domain/remote-silence.ts'
import { tagOf } from '../domain/silence-marker.ts'

/** By id; the earlier list wins, because a replica that lags may still show what has changed. */
export function unionOf(lists: readonly (readonly RemoteSilence[])[]): readonly RemoteSilence[] {
  const union = new Map<string, RemoteSilence>()
  for (const silence of lists.flat()) if (!union.has(silence.id)) union.set(silence.id, silence)
  return [...union.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/** UIDs of the Silences whose own records are not the same in both lists, which are by silence id. */
export function ownersOfChanges(
  before: ReadonlyMap<string, RemoteSilence>,
  after: ReadonlyMap<string, RemoteSilence>,
): ReadonlySet<string> {
  const uids = new Set<string>()
  for (const id of new Set([...before.keys(), ...after.keys()])) {
    const old = before.get(id)
    const now = after.get(id)
    if (old === now || JSON.stringify(old) === JSON.stringify(now)) continue
    for (const silence of [old, now]) {
      const tag = silence === undefined ? undefined : tagOf(silence)
      if (tag !== undefined) uids.add(tag.uid)
    }
  }
  return uids
}

/** The record that Alertmanager makes of a post it took under this id: a start that is past becomes now. */
export function recordOf(post: SilencePost, id: string, now: Instant): RemoteSilence {
  const startsAt = Math.max(Date.parse(post.startsAt), post.id === id ? 0 : now)
  return {
    id,
    state: startsAt > now ? 'pending' : 'active',
    matchers: post.matchers,
    startsAt,
    startsAtText: post.id === id ? post.startsAt : new Date(startsAt).toISOString(),
    endsAt: Date.parse(post.endsAt),
    createdBy: post.createdBy,
    comment: post.comment,
    annotations: post.annotations ?? {},
  }
}

// What this process remembers of carrying out Plans, per owner. Memory only: losing it costs one more write, never correctness.
import type { ObjectKey } from '../domain/kube-object.ts'
import type { CarryOutReader, Trouble } from '../reconcile/ports.ts'

export class Ledger implements CarryOutReader {
  readonly #troubles = new Map<string, Trouble>()
  readonly #uids = new Map<ObjectKey, string>()

  trouble(ownerUid: string): Trouble | undefined {
    return this.#troubles.get(ownerUid)
  }

  /** Counts how often in a row the same reason was met. */
  meet(ownerUid: string, trouble: Omit<Trouble, 'times'>): void {
    const before = this.#troubles.get(ownerUid)
    const times = before?.reason === trouble.reason ? before.times + 1 : 1
    this.#troubles.set(ownerUid, { ...trouble, times })
  }

  /** Answers whether that is news: there was a trouble, and it is over. */
  wentWell(ownerUid: string): boolean {
    return this.#troubles.delete(ownerUid)
  }

  /** Notes under which UID a key is handled; answers the former UID when the object was deleted and made anew. */
  handle(key: ObjectKey, uid: string): string | undefined {
    const former = this.#uids.get(key)
    this.#uids.set(key, uid)
    if (former === undefined || former === uid) return undefined
    this.#troubles.delete(former)
    return former
  }

  /** Forgets a key whose object is gone; answers the UID under which it was handled. */
  forget(key: ObjectKey): string | undefined {
    const uid = this.#uids.get(key)
    this.#uids.delete(key)
    if (uid !== undefined) this.#troubles.delete(uid)
    return uid
  }
}

// Keeps the listener in step with a folder of manifests: looks when the system says that something changed, and every few seconds anyway,
// for file systems that say nothing (NFS, mounted ConfigMaps).
import { type FSWatcher, watch } from 'node:fs'
import type { ClusterSource, SourceListener } from '../control/ports.ts'
import type { Clock } from '../domain/clock.ts'
import type { Log } from '../domain/log.ts'
import type { ManifestFolder } from './folder.ts'

/** An editor writes a file in several steps; they are looked at together. */
const settleMs = 200
const lookEveryMs = 10_000

export class FolderSource implements ClusterSource {
  readonly #folder: ManifestFolder
  readonly #clock: Clock
  readonly #log: Log
  readonly #watchers = new Map<string, FSWatcher>()
  #cancelLook: (() => void) | undefined
  #dueMs = Number.POSITIVE_INFINITY
  #looking: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(folder: ManifestFolder, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#folder = folder
    this.#clock = clock
    this.#log = log
  }

  start(listener: SourceListener): void {
    this.#looking = this.#afterLook(this.#folder.follow(listener))
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelLook?.()
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
    await this.#folder.follow(undefined)
    await this.#looking
  }

  async #afterLook(look: Promise<void>): Promise<void> {
    try {
      await look
      this.#watchFolders()
    } catch (error) {
      this.#log.error('the manifests could not be looked at', { error })
    }
    this.#lookWithin(lookEveryMs)
  }

  #lookWithin(delayMs: number): void {
    const dueMs = this.#clock.monotonicMs() + delayMs
    if (this.#isStopped || dueMs >= this.#dueMs) return
    this.#cancelLook?.()
    this.#dueMs = dueMs
    this.#cancelLook = this.#clock.after(delayMs, () => {
      this.#dueMs = Number.POSITIVE_INFINITY
      this.#looking = this.#afterLook(this.#folder.look())
    })
  }

  #watchFolders(): void {
    if (this.#isStopped) return
    const wanted = new Set(this.#folder.watched)
    for (const [path, watcher] of this.#watchers) {
      if (!wanted.has(path)) this.#unwatch(path, watcher)
    }
    const unwatched = [...wanted].filter((path) => !this.#watchers.has(path))
    for (const path of unwatched) this.#watch(path)
    if (unwatched.length > 0) this.#lookWithin(settleMs) // It may have changed between the look and the watch.
  }

  #watch(path: string): void {
    try {
      const watcher = watch(path, () => this.#lookWithin(settleMs))
      watcher.on('error', () => this.#unwatch(path, watcher)) // The folder went away; the next look says so.
      this.#watchers.set(path, watcher)
    } catch (error) {
      // Out of watches, or a file system without them: the look every few seconds is enough.
      this.#log.debug('a folder cannot be watched', { path, error })
    }
  }

  #unwatch(path: string, watcher: FSWatcher): void {
    watcher.close()
    if (this.#watchers.get(path) === watcher) this.#watchers.delete(path)
  }
}

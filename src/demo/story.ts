// Breaks the sample service and mends it again, over and over, so that a newcomer sees a target go bad and come back without doing
// anything. It ends as soon as a person takes the switch.
import type { Mode } from './mode.ts'
import type { After, SampleService } from './sample-service.ts'

export type Chapter = { readonly mode: Mode; readonly forMs: number }

export const demoStory: readonly Chapter[] = [
  { mode: 'ok', forMs: 20_000 },
  { mode: 'fail', forMs: 20_000 },
]

/** Begins with the first chapter, and again after the last. The answer ends it and leaves the mode as it is. */
export function tellStory(
  service: Pick<SampleService, 'setMode'>,
  { chapters, after }: { readonly chapters: readonly Chapter[]; readonly after: After },
): () => void {
  let cancel = () => {}
  const tell = (index: number): void => {
    const chapter = chapters[index % chapters.length]
    if (chapter === undefined) return
    service.setMode(chapter.mode)
    cancel = after(chapter.forMs, () => tell(index + 1))
  }
  tell(0)
  return () => cancel()
}

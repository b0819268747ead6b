// The demo behind `npm start`: the sample service, and the story that breaks it until a person takes over.
import { type After, type SampleService, startSampleService } from './sample-service.ts'
import { demoStory, tellStory } from './story.ts'

export type Demo = Pick<SampleService, 'url' | 'mode' | 'stop'>

/** Rejects with the system's error when the port cannot be had. */
export async function startDemo(options: {
  readonly host: string
  readonly port: number // 0 takes a free one.
  readonly after: After
}): Promise<Demo> {
  let endStory = () => {}
  const service = await startSampleService({ ...options, onSwitched: () => endStory() })
  endStory = tellStory(service, { chapters: demoStory, after: options.after })
  return {
    url: service.url,
    mode: () => service.mode(),
    async stop() {
      endStory()
      await service.stop()
    },
  }
}

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WorkQueue } from '../../src/control/queue.ts'
import type { ObjectKey } from '../../src/domain/kube-object.ts'
import { FakeClock } from '../fakes/clock.ts'

const silent = { added() {}, retried() {}, started() {}, finished() {} }
const key = (name: string) => `InspectionTarget/shop/${name}` as ObjectKey

function makeQueue() {
  const clock = new FakeClock()
  return { clock, queue: new WorkQueue(clock, silent) }
}

/** What can be taken right now, without waiting. */
async function takeNow(queue: WorkQueue): Promise<ObjectKey | 'nothing'> {
  const taken = queue.take().then((key) => key ?? ('nothing' as const))
  return Promise.race([taken, new Promise<'nothing'>((resolve) => setImmediate(() => resolve('nothing')))])
}

describe('the work queue', () => {
  test('gives a key once when it is added twice', async () => {
    const { queue } = makeQueue()
    queue.add(key('a'))
    queue.add(key('a'))
    expect(await takeNow(queue)).toBe(key('a'))
    expect(await takeNow(queue)).toBe('nothing')
  })

  test('runs a key again after done when it was added while being handled', async () => {
    const { queue } = makeQueue()
    queue.add(key('a'))
    await queue.take()
    queue.add(key('a'))
    queue.add(key('b'))
    expect(await queue.take()).toBe(key('b'))
    queue.done(key('a'))
    expect(await queue.take()).toBe(key('a'))
  })

  test('keeps the earlier run when a key is queued twice', async () => {
    const { queue, clock } = makeQueue()
    queue.addAfter(key('a'), 1_000)
    queue.addAfter(key('a'), 5_000)
    queue.addAfter(key('a'), 3_000)
    clock.advance(1_000)
    expect(await queue.take()).toBe(key('a'))
    queue.done(key('a'))
    expect(clock.pending).toBe(0)
  })

  test('serves what users changed first, but never starves the background', async () => {
    const { queue } = makeQueue()
    queue.add(key('background'), 'background')
    for (let index = 0; index < 10; index += 1) queue.add(key(`user-${index}`))
    const firstFive = []
    for (let index = 0; index < 5; index += 1) firstFive.push(await queue.take())
    expect(firstFive[0]).toBe(key('user-0'))
    expect(firstFive).toContain(key('background'))
  })

  test('moves a waiting background key forward when a user changes it', async () => {
    const { queue } = makeQueue()
    queue.add(key('old'), 'background')
    queue.add(key('hot'), 'background')
    queue.add(key('hot'), 'user')
    expect(await queue.take()).toBe(key('hot'))
    expect(queue.depth('background')).toBe(1)
  })

  test('backs off from 5 ms to 300 s, and begins anew after forget', () => {
    const { queue } = makeQueue()
    const delays = Array.from({ length: 20 }, () => queue.retry(key('a'), 0))
    expect(delays.slice(0, 4)).toEqual([5, 10, 20, 40])
    expect(delays.at(-1)).toBe(300_000)
    queue.forget(key('a'))
    expect(queue.retry(key('a'), 0)).toBe(5)
  })

  test('jitters a back-off only upward', () => {
    const { queue } = makeQueue()
    expect(queue.retry(key('a'), 0.999)).toBeGreaterThan(5)
  })

  test('ends every waiting taker and starts nothing after shutdown', async () => {
    const { queue, clock } = makeQueue()
    const waiting = queue.take()
    queue.addAfter(key('late'), 10)
    const drained = queue.shutdown()
    clock.advance(60_000)
    queue.add(key('b'))
    expect(await waiting).toBeUndefined()
    expect(await queue.take()).toBeUndefined()
    await drained
  })

  test('waits in shutdown for the handlers that run', async () => {
    const { queue } = makeQueue()
    queue.add(key('a'))
    await queue.take()
    let isDrained = false
    const drained = queue.shutdown().then(() => {
      isDrained = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(isDrained).toBe(false)
    queue.done(key('a'))
    await drained
  })

  test('under any order of calls handles no key twice at once and forgets no add', async () => {
    const command = fc.oneof(
      fc.record({
        call: fc.constant('add' as const),
        name: fc.integer({ min: 0, max: 4 }),
        user: fc.boolean(),
      }),
      fc.record({
        call: fc.constant('addAfter' as const),
        name: fc.integer({ min: 0, max: 4 }),
        ms: fc.integer({ min: 0, max: 50 }),
      }),
      fc.record({ call: fc.constant('retry' as const), name: fc.integer({ min: 0, max: 4 }) }),
      fc.record({ call: fc.constant('take' as const) }),
      fc.record({ call: fc.constant('done' as const), index: fc.nat(4) }),
      fc.record({ call: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 30 }) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
        const { queue, clock } = makeQueue()
        const processing = new Set<ObjectKey>()
        const owed = new Set<ObjectKey>() // Keys whose last add has not led to a start yet (Q4).
        const start = (taken: ObjectKey | 'nothing') => {
          if (taken === 'nothing') return
          expect(processing.has(taken)).toBe(false)
          processing.add(taken)
          owed.delete(taken)
        }
        for (const step of commands) {
          if (step.call === 'add') {
            queue.add(key(`${step.name}`), step.user ? 'user' : 'background')
            owed.add(key(`${step.name}`))
          } else if (step.call === 'addAfter') {
            queue.addAfter(key(`${step.name}`), step.ms)
            owed.add(key(`${step.name}`))
          } else if (step.call === 'retry') {
            queue.retry(key(`${step.name}`), 0)
            owed.add(key(`${step.name}`))
          } else if (step.call === 'take') {
            if (queue.depth('user') + queue.depth('background') > 0) start((await queue.take()) ?? 'nothing')
          } else if (step.call === 'done') {
            const running = [...processing][step.index]
            if (running !== undefined) {
              processing.delete(running)
              queue.done(running)
            }
          } else clock.advance(step.ms)
        }
        for (const running of [...processing]) {
          processing.delete(running)
          queue.done(running)
        }
        clock.advance(400_000)
        while (queue.depth('user') + queue.depth('background') > 0) {
          const taken = await queue.take()
          start(taken ?? 'nothing')
          if (taken !== undefined) {
            processing.delete(taken)
            queue.done(taken)
          }
        }
        expect([...owed]).toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})

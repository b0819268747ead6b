import { expect, test } from 'vitest'
import { FairQueue } from '../../src/probe/fair-queue.ts'

function drained(queue: FairQueue<string>): string[] {
  const taken: string[] = []
  for (let entry = queue.take(); entry !== undefined; entry = queue.take()) taken.push(entry)
  return taken
}

test('namespaces take turns, within one the order of arrival holds', () => {
  const queue = new FairQueue<string>()
  for (const entry of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) queue.add(entry.charAt(0), entry)
  expect(drained(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3'])
  expect(queue.isEmpty).toBe(true)
})

test('one that leaves is not served, and its namespace not waited for', () => {
  const queue = new FairQueue<string>()
  for (const entry of ['a1', 'b1', 'b2']) queue.add(entry.charAt(0), entry)
  queue.remove('a', 'a1')
  queue.remove('b', 'b1')
  queue.remove('x', 'unknown')
  expect(drained(queue)).toEqual(['b2'])
})

import { expect, test } from 'vitest'
import { SampleWindows } from '../../src/evaluate/sample-windows.ts'
import { scraped } from './builders.ts'

const checkout = scraped()

function times(windows: SampleWindows): readonly number[] {
  return windows.samples('shop', 'checkout').map(({ atMs }) => atMs)
}

test('remembers as far back as the horizon, its edge left out', () => {
  const windows = new SampleWindows()
  windows.keep(new Map([['shop/checkout', 30]]))
  for (const atMs of [0, 15, 30, 45]) windows.ingest(atMs, [checkout])
  expect(times(windows)).toEqual([30, 45])
})

test('marks once that a target has gone from the scrape', () => {
  const windows = new SampleWindows()
  windows.keep(new Map([['shop/checkout', 100]]))
  windows.ingest(0, [checkout])
  windows.ingest(15, [])
  windows.ingest(30, [])
  expect(windows.samples('shop', 'checkout')).toEqual([
    { atMs: 0, scraped: checkout },
    { atMs: 15, scraped: undefined },
  ])
  windows.ingest(200, [])
  expect(times(windows)).toEqual([])
})

test('remembers nothing of targets that nobody asked for, in another namespace either', () => {
  const windows = new SampleWindows()
  expect(windows.isEmpty).toBe(true)
  windows.keep(new Map([['shop/checkout', 100]]))
  windows.ingest(0, [scraped({ target: 'cart' }), scraped({ namespace: 'infra' })])
  expect(windows.samples('shop', 'cart')).toEqual([])
  expect(windows.samples('infra', 'checkout')).toEqual([])
  expect(windows.samples('shop', 'checkout')).toEqual([])
})

test('an edit keeps what is still asked for and forgets the rest', () => {
  const windows = new SampleWindows()
  windows.keep(
    new Map([
      ['shop/checkout', 100],
      ['shop/cart', 100],
    ]),
  )
  windows.ingest(0, [checkout, scraped({ target: 'cart' })])
  windows.keep(new Map([['shop/checkout', 500]]))
  expect(times(windows)).toEqual([0])
  expect(windows.samples('shop', 'cart')).toEqual([])
})

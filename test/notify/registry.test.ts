import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { channelOf, channels } from '../../src/notify/registry.ts'
import { reference } from './world.ts'

test('every file of a channel is registered under its name', () => {
  const files = readdirSync(join(import.meta.dirname, '../../src/notify/channels'))
  expect(files.map((file) => file.replace(/\.ts$/, '')).toSorted()).toEqual(channels.toSorted())
})

test('a receiver has the channel of its one member', () => {
  expect(channelOf({ name: 'a', webhook: { urlFrom: reference('keys', 'url') } })).toBe('webhook')
  expect(channelOf({ name: 'a', email: { to: ['b@c.d'], from: 'e@f.g', smarthost: 'smtp:25' } })).toBe(
    'email',
  )
  expect(channelOf({ name: 'a' })).toBeUndefined()
})

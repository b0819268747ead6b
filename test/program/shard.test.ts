import { describe, expect, test } from 'vitest'
import { LastLeaderShard } from '../../src/program/shard.ts'
import { FakeClock } from '../fakes/clock.ts'

/** What an elector would say, turned by hand. */
function makeElection() {
  const listeners: ((isLeader: boolean) => void)[] = []
  const election = { holder: undefined as string | undefined, leads: false }
  return {
    lead(isLeader: boolean, holder: string | undefined) {
      election.leads = isLeader
      election.holder = holder
      for (const listener of listeners) listener(isLeader)
    },
    see(holder: string | undefined) {
      election.holder = holder
    },
    port: {
      isLeader: () => election.leads,
      leader: () => (election.holder === undefined ? undefined : { identity: election.holder }),
      onChange: (listener: (isLeader: boolean) => void) => {
        listeners.push(listener)
        return () => {}
      },
    },
  }
}

function makeShard() {
  const clock = new FakeClock()
  const election = makeElection()
  const shard = new LastLeaderShard(election.port, { identity: 'me', clock })
  let changes = 0
  shard.onChange(() => {
    changes += 1
  })
  return { clock, election, shard, changes: () => changes }
}

describe('the shard of the last leader', () => {
  test('probes nothing before this process has led', () => {
    expect(makeShard().shard.owns()).toBe(false)
  })

  test('goes on probing when the lease could not be renewed and nobody else is known to lead', () => {
    const { clock, election, shard, changes } = makeShard()
    election.lead(true, 'me')
    election.lead(false, undefined)
    clock.advance(600_000)
    expect(shard.owns()).toBe(true)
    expect(changes()).toBe(1)
  })

  test('stops within a second of seeing another leader', () => {
    const { clock, election, shard } = makeShard()
    election.lead(true, 'me')
    election.lead(false, undefined)
    clock.advance(5_000)
    election.see('other')
    clock.advance(1_000)
    expect(shard.owns()).toBe(false)
    expect(clock.pending).toBe(0)
  })

  test('begins again when it leads again', () => {
    const { election, shard, changes } = makeShard()
    election.lead(true, 'me')
    election.lead(false, 'other')
    election.lead(true, 'me')
    expect(shard.owns()).toBe(true)
    expect(changes()).toBe(3)
  })
})

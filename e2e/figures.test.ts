// The figures of the control plane under 2,000 targets, on a control plane of its own: how long a start takes, what it costs, how little is
// written, and what an API server that dies for half a minute does to it.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type AuditEntry, countByVerbAndResource } from './cluster/audit.ts'
import { openCluster } from './cluster/cluster.ts'
import { eventually } from './cluster/eventually.ts'
import { PrivateCluster } from './cluster/private-cluster.ts'
import { conditionOf, type OwnObject, ownResource } from './conditions.ts'
import { figure, timed } from './figure.ts'
import { TcpListener } from './fixtures/tcp-listener.ts'
import { Installation, type OperatorPod } from './operator.ts'

const targetCount = 2_000
/** Targets that break while the API server is away, so that there is something to catch up with. */
const brokenCount = 10
const outageSeconds = 30
const quietSeconds = Number(process.env.ROUNDSMAN_QUIET_SECONDS ?? 15)

const shared = openCluster()
const own = await PrivateCluster.start(shared.facts, 'figures')
const { cluster, plane } = own
const { client } = cluster
const steady = await TcpListener.start()
const brittle = await TcpListener.start()

let farm: string
let installation: Installation
let operator: OperatorPod

beforeAll(async () => {
  farm = await cluster.namespace('farm')
  installation = await Installation.install(cluster)
  operator = await installation.startPod()
})

afterAll(async () => {
  await operator.program.stop()
  await steady.close()
  await brittle.close()
  await own.stop()
  await shared.close()
})

// Seconds and megabytes depend on the machine and its other guests: they are printed beside their targets, and fail only far above them.
// What does not depend on the machine (how often is written) has no such room.
const secondsBound = 120
const memoryBound = 384

it(`takes ${targetCount} targets at once, with at most 2 status writes each`, {
  timeout: 240_000,
}, async () => {
  const { value: targets, seconds } = await timed(
    `${targetCount} targets applied, Ready and Healthy`,
    async () => {
      const targets = Array.from({ length: targetCount }, (_, number) => targetOf(number))
      await timed(`${targetCount} targets created`, () => createInParallel(targets))
      return eventually('every target has both conditions', allJudged, { withinMs: 180_000, everyMs: 1_000 })
    },
    'at most 60s',
  )
  const memory = operator.memory()
  figure('operator memory', `${memory.now} MiB, at most ${memory.peak} MiB so far`, 'at most 256 MiB')
  const writes = statusWritesByName(ownWrites())
  const most = Math.max(...writes.values())
  figure(
    'status writes',
    `${[...writes.values()].reduce((a, b) => a + b, 0)} in all, ${most} of one target at most`,
    'at most 2',
  )
  figure('all writes', JSON.stringify(countByVerbAndResource(ownWrites())))
  expect(targets).toHaveLength(targetCount)
  expect(seconds).toBeLessThan(secondsBound)
  expect(most).toBeLessThanOrEqual(2)
  expect(memory.peak).toBeLessThan(memoryBound)
})

it(`writes nothing but its lease while nothing changes, for ${quietSeconds}s`, {
  timeout: (quietSeconds + 60) * 1_000,
}, async () => {
  const since = new Date()
  const probesBefore = await probes()
  await elapse(quietSeconds)
  const writes = ownWrites(since)
  figure(
    `writes in ${quietSeconds} quiet seconds`,
    JSON.stringify(countByVerbAndResource(writes)),
    'leases alone',
  )
  figure('probes meanwhile', (await probes()) - probesBefore)
  expect(writes.filter(({ objectRef }) => objectRef?.resource !== 'leases')).toEqual([])
})

it('goes on probing while the API server is dead for 30s, and has caught up 30s after it is back', {
  timeout: 180_000,
}, async () => {
  const before = await client.list<OwnObject>(ownResource('inspectiontargets', farm))
  const since = new Date()
  await plane.killApiServer()
  await brittle.close()
  const pace = await probesInSteps(outageSeconds)
  figure('fewest probes in any 5s of the outage', Math.min(...pace), 'above 0')
  expect(Math.min(...pace)).toBeGreaterThan(0)

  await plane.startApiServer()
  await client.create(ownResource('inspectiontargets', farm), targetOf(targetCount))
  const caughtUp = () =>
    eventually('what broke is told, and what is new is accepted', hasCaughtUp, { withinMs: 60_000 })
  const { seconds } = await timed('caught up after the API server is ready again', caughtUp, 'at most 30s')
  expect(seconds).toBeLessThan(30)

  await elapse(10)
  const writes = ownWrites(since)
  figure('writes since it died', JSON.stringify(countByVerbAndResource(writes)))
  const spurious = writes.filter((write) => !isExpected(write))
  figure('spurious writes', spurious.length, '0')
  expect(spurious).toEqual([])
  const after = await client.list<OwnObject>(ownResource('inspectiontargets', farm))
  expect(untouched(after)).toEqual(untouched(before))
  expect(operator.program.hasEnded).toBe(false)
  const { now, peak } = operator.memory()
  figure('operator memory in the end', `${now} MiB, at most ${peak} MiB`)
})

/** Of what broke, and of what was made after the outage. */
const concerned = new Set([...Array(brokenCount).keys(), targetCount].map(nameOf))

async function hasCaughtUp(): Promise<boolean> {
  const targets = await Promise.all([...concerned].map((name) => client.get<OwnObject>(pathOf(name))))
  const isNew = (target?: OwnObject) => target?.metadata.name === nameOf(targetCount)
  return targets.every((target) => {
    return isNew(target)
      ? conditionOf(target, 'Ready')?.status === 'True'
      : conditionOf(target, 'Healthy')?.status === 'False'
  })
}

function isExpected({ objectRef }: AuditEntry): boolean {
  const name = objectRef?.name?.split('.')[0] ?? '' // An event is named after its target.
  return objectRef?.resource === 'leases' || concerned.has(name)
}

function nameOf(number: number): string {
  return `t${number}`
}

function pathOf(name: string): string {
  return ownResource('inspectiontargets', farm, name)
}

function targetOf(number: number): { readonly metadata: { readonly name: string } } {
  const isBrittle = number < brokenCount
  const { host, port } = isBrittle ? brittle : steady
  const pace = isBrittle ? { interval: '2s', failureThreshold: 1 } : { interval: '30s' }
  return {
    apiVersion: 'roundsman.dev/v1alpha1',
    kind: 'InspectionTarget',
    metadata: { name: nameOf(number) },
    spec: { ...pace, tcp: { host, port } },
  } as { metadata: { name: string } }
}

/** By so many clients at once that the operator is the slower side. */
async function createInParallel(targets: readonly object[]): Promise<void> {
  const waiting = [...targets]
  const work = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      await client.create(ownResource('inspectiontargets', farm), next)
    }
  }
  await Promise.all(Array.from({ length: 16 }, work))
}

/** Asks for the exceptions alone: a list of all targets, again and again, would be the greater load on the API server. */
async function allJudged(): Promise<readonly OwnObject[]> {
  const path = ownResource('inspectiontargets', farm)
  const unjudged = await client.list<OwnObject>(`${path}?fieldSelector=status.verdict!=Healthy`)
  if (unjudged.length > 0) throw new Error(`${unjudged.length} targets have no verdict`)
  const targets = await client.list<OwnObject>(path)
  const lacking = targets.filter((target) => {
    return ['Ready', 'Healthy'].some((type) => conditionOf(target, type)?.status !== 'True')
  })
  if (lacking.length > 0) throw new Error(`${lacking.length} targets lack a condition`)
  return targets
}

function ownWrites(since?: Date): readonly AuditEntry[] {
  return cluster.audit.writes({ user: installation.user, ...(since === undefined ? {} : { since }) })
}

function statusWritesByName(writes: readonly AuditEntry[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { objectRef } of writes) {
    if (objectRef?.resource !== 'inspectiontargets' || objectRef.name === undefined) continue
    counts.set(objectRef.name, (counts.get(objectRef.name) ?? 0) + 1)
  }
  return counts
}

/** All other targets, with what a needless write would have changed. */
function untouched(targets: readonly OwnObject[]): ReadonlyMap<string, string | undefined> {
  const others = targets.filter(({ metadata }) => !concerned.has(metadata.name))
  return new Map(others.map(({ metadata }) => [metadata.name, metadata.resourceVersion]))
}

/** All probes that have ended so far. */
async function probes(): Promise<number> {
  const samples = await operator.samples('/metrics/targets', 'roundsman_probes_total')
  return [...samples.values()].reduce((sum, count) => sum + count, 0)
}

/** How many probes ended in each 5 seconds. */
async function probesInSteps(seconds: number): Promise<readonly number[]> {
  const counts: number[] = []
  for (let from = await probes(), second = 0; second < seconds; second += 5) {
    await elapse(5)
    const to = await probes()
    counts.push(to - from)
    from = to
  }
  return counts
}

/** Lets time pass while nothing is expected to happen: the only thing that can be waited for is the clock. */
function elapse(seconds: number): Promise<true> {
  const end = performance.now() + seconds * 1_000
  return eventually('time passes', () => performance.now() >= end, { withinMs: (seconds + 5) * 1_000 })
}

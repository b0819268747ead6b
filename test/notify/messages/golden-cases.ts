// Reads `golden/<case>.in.yaml`, a notification as a person would write it down, and compares what is said with `<case>.<ending>`.
// UPDATE_GOLDEN=1 rewrites the outputs; a changed golden is reviewed like code.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { load } from 'js-yaml'
import { describe, expect, test } from 'vitest'
import { fingerprintOf } from '../../../src/evaluate/alert-identity.ts'
import type { Alert, Notification } from '../../../src/evaluate/ports.ts'
import { notification } from '../world.ts'

type WrittenAlert = {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt?: string
  readonly times?: number // So many of it, each with a target of its own.
}

type Written = {
  readonly now: string
  readonly alerts: readonly WrittenAlert[]
  readonly groupLabels: Readonly<Record<string, string>>
  readonly repeat?: number
  readonly mayBeRepeat?: boolean
}

const folder = join(import.meta.dirname, 'golden')

export function goldenTests(ending: string, print: (message: Notification, now: number) => string): void {
  describe(`as reviewed, ${ending}`, () => {
    for (const input of globSync('*.in.yaml', { cwd: folder }).toSorted()) {
      const name = basename(input, '.in.yaml')
      test(name.replaceAll('-', ' '), () => {
        const written = load(readFileSync(join(folder, input), 'utf8')) as Written
        const output = print(read(written), Date.parse(written.now))
        const golden = join(folder, `${name}.${ending}`)
        if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, output)
        expect(output).toBe(readFileSync(golden, 'utf8'))
      })
    }
  })
}

function read({ alerts, groupLabels, repeat = 0, mayBeRepeat = false }: Written): Notification {
  const all = alerts.flatMap(readAlert)
  const receiver = { name: 'desk', webhook: { urlFrom: { secretKeyRef: { name: 'keys', key: 'url' } } } }
  return notification(receiver, {
    groupLabels: new Map(Object.entries(groupLabels)),
    status: all.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    alerts: all,
    repeat,
    mayBeRepeat,
  })
}

function readAlert({ labels, annotations, startsAt, endsAt, times }: WrittenAlert): readonly Alert[] {
  const targets =
    times === undefined
      ? [labels.target ?? '']
      : Array.from({ length: times }, (_, index) => `${labels.target}-${index}`)
  return targets.map((target) => {
    const own = new Map(Object.entries({ ...labels, target }))
    const texts = new Map(Object.entries(annotations))
    const common = {
      labels: own,
      annotations: texts,
      startsAt: Date.parse(startsAt),
      fingerprint: fingerprintOf(own),
    }
    return endsAt === undefined
      ? { status: 'firing', ...common }
      : { status: 'resolved', ...common, endsAt: Date.parse(endsAt) }
  })
}

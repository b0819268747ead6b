// What a notifier needs of the world, for tests: Secrets in a map, names in a map, a clock that stands still.
import { expect } from 'vitest'
import type { Receiver } from '../../src/api/v1alpha1/alert-policy.ts'
import { Secret } from '../../src/domain/secret.ts'
import type { Alert, Notification } from '../../src/evaluate/ports.ts'
import { createNotifier, type NotifierOptions } from '../../src/notify/notifier.ts'
import type { HostResolver, ObservedAttempt, SecretReader } from '../../src/notify/ports.ts'
import { firing } from '../evaluate/builders.ts'
import { FakeClock } from '../fakes/clock.ts'
import { FakeLog } from '../fakes/log.ts'

/** `values` by `namespace/name/key`. */
export function secretsOf(values: Readonly<Record<string, string>>): SecretReader {
  return {
    read(namespace, { name, key }) {
      const value = values[`${namespace}/${name}/${key}`]
      return value === undefined ? undefined : new Secret(value)
    },
  }
}

export function resolverOf(names: Readonly<Record<string, readonly string[]>>): HostResolver {
  return {
    async resolve(host) {
      const addresses = names[host]
      if (addresses === undefined) throw Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' })
      return addresses
    },
  }
}

export function setUpNotifier(options: Partial<NotifierOptions> = {}) {
  const clock = new FakeClock()
  const log = new FakeLog()
  const observed: ObservedAttempt[] = []
  const notifier = createNotifier({
    secrets: secretsOf({}),
    sinks: { allowed: ['127.0.0.1', 'localhost'] },
    resolver: resolverOf({ localhost: ['127.0.0.1'] }),
    clock,
    log,
    observe: (attempt) => observed.push(attempt),
    ...options,
  })
  return { notifier, clock, log, observed }
}

export function reference(name: string, key: string) {
  return { secretKeyRef: { name, key } }
}

export function notification(receiver: Receiver, fields: Partial<Notification> = {}): Notification {
  const alerts: readonly Alert[] = [firing({ startsAt: Date.UTC(2026, 0, 1) })]
  return {
    policy: { uid: 'uid-front', namespace: 'shop', name: 'front' },
    receiver,
    groupKey: `shop/front/${receiver.name}:{}`,
    groupLabels: new Map([['alertname', 'TargetDown']]),
    status: 'firing',
    alerts,
    repeat: 0,
    mayBeRepeat: false,
    ...fields,
  }
}

/** Fails when a text of the list holds one of the canaries. */
export function expectNowhere(canaries: readonly string[], texts: readonly string[]): void {
  for (const text of texts) for (const canary of canaries) expect(text).not.toContain(canary)
}

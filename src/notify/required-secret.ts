// Reads the credentials that a receiver refers to. Missing, empty and forbidden give one and the same message (reliability T27).
import type { Receiver } from '../api/v1alpha1/alert-policy.ts'
import { Secret } from '../domain/secret.ts'
import type { Notification } from '../evaluate/ports.ts'
import type { SecretReader } from './ports.ts'
import { SinkFailure } from './sink-failure.ts'

export type SecretKey = NonNullable<NonNullable<Receiver['webhook']>['bearerFrom']>

/**
 * Gives a function that reads a key of the receiver's own namespace, without line ends and spaces at the end, or throws `SecretMissing`.
 * A `token` is visible ASCII, as URLs and bearers are; a `password` is any one line of text.
 */
export function requireSecret(
  secrets: SecretReader,
  notification: Notification,
): (from: SecretKey, shape: keyof typeof shapes) => Secret {
  const { policy, receiver } = notification
  return ({ secretKeyRef }, shape) => {
    const value = secrets.read(policy.namespace, secretKeyRef)?.reveal().trimEnd() ?? ''
    if (shapes[shape].test(value)) return new Secret(value)
    throw new SinkFailure(
      'SecretMissing',
      `receiver ${receiver.name}: key ${secretKeyRef.key} of Secret ${secretKeyRef.name} is missing, empty, not one ${shape}, or not permitted; add it or change the reference`,
    )
  }
}

const shapes = {
  token: /^[\x21-\x7e]+$/,
  password: /^[^\p{Cc}\uFFFD]+$/u, // U+FFFD shows bytes that were no UTF-8.
} as const

// Why an attempt to deliver ended as it did. A closed set: metric label, log field, event and condition use the same word.
// Only reasons that some code can give are listed.

/** The sink took the message. */
export const deliveredReasons = {
  Ok: 'the sink accepted the message',
  Partial: 'the sink accepted the message for some of its recipients and refused the others for good',
} as const satisfies Record<string, string>

/** It may pass by itself, or when a missing thing appears: tried again with growing waits. */
export const transientReasons = {
  RateLimited: 'the sink takes no more messages for a while',
  BadResponse: 'the answer is not one that the protocol allows',
  Timeout: 'no answer in time',
  Reset: 'the connection broke before the answer came',
  Dns: 'the name of the sink cannot be resolved',
  Connect: 'no connection to the sink',
  Tls: 'no trusted TLS connection to the sink',
  Http5xx: 'the sink answered with a server error',
  Smtp4yz: 'the mail server refused for now',
  SecretMissing: 'a Secret or key that the receiver refers to is missing, empty or not permitted',
  InternalError: 'a defect of Roundsman',
} as const satisfies Record<string, string>

/** Someone must change something: tried again only rarely, or when the policy or a Secret changes. */
export const permanentReasons = {
  AuthRejected: 'the sink refused the credentials',
  Http4xx: 'the sink refused the message',
  Smtp5yz: 'the mail server refused for good',
  RedirectRefused: 'the sink redirects, which is not followed',
  HostRefused: 'the sink is not one that may be spoken to',
} as const satisfies Record<string, string>

export type DeliveredReason = keyof typeof deliveredReasons
export type FailureReason = keyof typeof transientReasons | keyof typeof permanentReasons
export type DeliveryReason = DeliveredReason | FailureReason

export function isPermanent(reason: FailureReason): boolean {
  return reason in permanentReasons
}

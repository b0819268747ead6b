// Every reason a probe may give, with its sentence. The same word stands in the condition, the event, the log field, the metric label
// and the message. The group is the prefix, and the group decides whether the target failed or the prober could not judge.
// Only reasons that some code can give are listed; words and meanings are fixed by the product's probing contract.

/** The target is at fault: outcome `failed`. */
export const targetReasons = {
  DnsNxdomain: 'the name does not exist in any search domain',
  DnsNoAddress: 'the name has no address of the wanted family',
  DnsServfail: 'the name server answered SERVFAIL',
  DnsRefused: 'the name server refused the question',
  DnsBadResponse: 'the DNS answer is malformed or too large',
  ConnectRefused: 'the port refuses connections',
  ConnectUnreachable: 'no route to the address',
  ConnectReset: 'the peer reset the connection before the answer ended',
  ConnectClosed: 'the peer closed the connection before the answer ended',
  TlsExpired: 'the certificate has expired',
  TlsNotYetValid: 'the certificate is not valid yet',
  TlsSelfSigned: 'the certificate is self-signed',
  TlsUntrusted: 'the certificate chain leads to no trusted authority',
  TlsNameMismatch: 'the certificate is for another name',
  TlsVersion: 'no acceptable TLS version in common',
  TlsNotSpoken: 'the port does not speak TLS',
  TlsClientCertificate: 'the peer demanded or refused a client certificate',
  TlsHandshake: 'the TLS handshake failed',
  HttpStatus: 'the status is not an accepted one',
  HttpProtocol: 'the answer is not valid HTTP',
  HttpRedirect: 'too many redirects, or a redirect without a valid Location',
  HttpRedirectDenied: 'a redirect leads to an address that must not be probed',
  HttpHeadersTooLarge: 'the headers are over the limit',
  HttpBodyTooLarge: 'the body is over the limit',
  AssertionBody: 'the body does not hold what was expected',
  AssertionLatency: 'the answer took longer than allowed',
  TimeoutResolve: 'no DNS answer in time',
  TimeoutConnect: 'no connection in time',
  TimeoutTls: 'the TLS handshake did not finish in time',
  TimeoutProcessing: 'no first byte of the answer in time',
  TimeoutTransfer: 'the body did not arrive completely in time',
} as const satisfies Record<string, string>

/** The prober could not judge: outcome `unknown`, never the target's failure. */
export const proberReasons = {
  PolicyDenied: 'the address must not be probed',
  ConfigInvalid: 'the probe is configured in a way that cannot run',
  ConfigReference: 'something the probe refers to does not exist',
  InternalResources: "the prober's own resources are exhausted",
  InternalResolver: "the prober's own DNS resolver does not answer",
  InternalOverload: 'the prober was overloaded while measuring, twice in a row',
  InternalError: 'a defect of Roundsman',
} as const satisfies Record<string, string>

export type TargetReason = keyof typeof targetReasons
export type ProberReason = keyof typeof proberReasons
export type ProbeReason = TargetReason | ProberReason

/** Which of the two it is fixes the kind of the outcome: `unknown` for the prober's, `failed` for the target's. */
export function isProberReason(reason: ProbeReason): reason is ProberReason {
  return Object.hasOwn(proberReasons, reason)
}

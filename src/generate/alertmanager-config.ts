// JudgedPolicy -> AlertmanagerConfig v1alpha1: one top route that takes exactly this policy's alerts, a child for each route, and
// the receivers. prometheus-operator checks child routes by code of its own and freezes the whole Alertmanager over some mistakes,
// so only fields that are known to pass are written here.
import type { Receiver, Severity } from '../api/v1alpha1/alert-policy.ts'
import { printDuration } from '../domain/duration.ts'
import type { JudgedPolicy, Routing } from '../domain/judged-policy.ts'
import type { KubeObject } from '../domain/kube-object.ts'
import { anyOf } from '../domain/promql.ts'
import { policyLabel } from '../domain/rules/alert-identity.ts'
import { generatedObject, type Owner } from './generated-object.ts'

type Matcher = { readonly name: string; readonly matchType: '=' | '=~'; readonly value: string }
type ChildRoute = {
  readonly receiver: string
  readonly matchers?: readonly Matcher[]
  readonly continue?: true
}

/** Takes alerts of which nobody is told. No receiver of a user can have a dot in its name. */
const nobody = 'roundsman.nobody'

/**
 * No receivers: no object. `addsNamespaceMatcher`: the Alertmanager does not add the matcher on the object's namespace by itself, so
 * it is written here, or another namespace could send its alerts by this route.
 */
export function alertmanagerConfig(options: {
  readonly policy: JudgedPolicy
  readonly owner: Owner
  readonly labels: Readonly<Record<string, string>>
  readonly addsNamespaceMatcher: boolean
}): KubeObject | undefined {
  const { policy, owner, labels } = options
  if (policy.routing.receivers.length === 0) return undefined
  return generatedObject({
    kind: 'AlertmanagerConfig',
    owner,
    labels,
    spec: {
      route: topRoute(policy, options.addsNamespaceMatcher),
      receivers: receiversOf(policy.routing),
    },
  })
}

/** Routes keyed by severity or namespace would send one alert of two policies several times; the policy's own label cannot. */
function topRoute(policy: JudgedPolicy, addsNamespaceMatcher: boolean): Readonly<Record<string, unknown>> {
  const { routing } = policy
  const children = routing.routes.slice(0, -1).flatMap(childRoutes)
  const matchers: Matcher[] = [{ name: 'roundsman_policy', matchType: '=', value: policyLabel(policy) }]
  if (addsNamespaceMatcher) matchers.push({ name: 'namespace', matchType: '=', value: policy.namespace })
  return {
    receiver: routing.routes.at(-1)?.receivers[0] ?? nobody,
    groupBy: routing.groupBy,
    groupWait: printDuration(routing.groupWaitMs),
    groupInterval: printDuration(routing.groupIntervalMs),
    repeatInterval: printDuration(routing.repeatMs),
    matchers,
    ...(children.length === 0 ? {} : { routes: children }),
  }
}

/** Siblings with equal matchers, one a receiver; all but the last let the alert go on, so that each of them takes it. */
function childRoutes(route: Routing['routes'][number]): readonly ChildRoute[] {
  const receivers = route.receivers.length === 0 ? [nobody] : [...new Set(route.receivers)]
  const matchers = route.severities === undefined ? {} : { matchers: [severityMatcher(route.severities)] }
  return receivers.map((receiver, index) => ({
    receiver,
    ...matchers,
    ...(index < receivers.length - 1 ? { continue: true } : {}),
  }))
}

function severityMatcher(severities: readonly Severity[]): Matcher {
  const [only = ''] = severities
  return severities.length === 1
    ? { name: 'severity', matchType: '=', value: only }
    : { name: 'severity', matchType: '=~', value: anyOf(severities) }
}

function receiversOf(routing: Routing): readonly Readonly<Record<string, unknown>>[] {
  const tellsNobody = routing.routes.some((route) => route.receivers.length === 0)
  return [...routing.receivers.map(receiverOf), ...(tellsNobody ? [{ name: nobody }] : [])]
}

function receiverOf({ name, webhook, email }: Receiver): Readonly<Record<string, unknown>> {
  return {
    name,
    ...(webhook === undefined ? {} : { webhookConfigs: [webhookConfig(webhook)] }),
    ...(email === undefined ? {} : { emailConfigs: [emailConfig(email)] }),
  }
}

/** Always with `sendResolved`: its default differs by channel. `maxAlerts` 0 sends all alerts of a group. */
function webhookConfig(webhook: NonNullable<Receiver['webhook']>): Readonly<Record<string, unknown>> {
  const bearer = webhook.bearerFrom?.secretKeyRef
  return {
    sendResolved: true,
    urlSecret: keyOf(webhook.urlFrom.secretKeyRef),
    ...(bearer === undefined
      ? {}
      : { httpConfig: { authorization: { type: 'Bearer', credentials: keyOf(bearer) } } }),
    maxAlerts: 0,
  }
}

function emailConfig(email: NonNullable<Receiver['email']>): Readonly<Record<string, unknown>> {
  const password = email.passwordFrom?.secretKeyRef
  return {
    sendResolved: true,
    to: email.to.join(', '),
    from: email.from,
    smarthost: email.smarthost,
    ...(email.username === undefined ? {} : { authUsername: email.username }),
    ...(password === undefined ? {} : { authPassword: keyOf(password) }),
    requireTLS: email.requireTLS ?? true,
  }
}

function keyOf({ name, key }: { readonly name: string; readonly key: string }) {
  return { name, key }
}

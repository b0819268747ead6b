// Every channel that the relay serves. A new one is a new file and one line here.
import type { Receiver } from '../api/v1alpha1/alert-policy.ts'
import { createEmailSender } from './channels/email.ts'
import { createWebhookSender } from './channels/webhook.ts'
import type { Channel, Sender, SenderFactory, SenderWorld } from './ports.ts'

const factories = {
  email: createEmailSender,
  webhook: createWebhookSender,
} as const satisfies { readonly [Kind in Channel]: SenderFactory<Kind> }

export type Senders = { readonly [Kind in Channel]: Sender<Kind> }

export const channels = Object.keys(factories) as readonly Channel[]

export function createSenders(world: SenderWorld): Senders {
  const entries = channels.map((channel) => [channel, factories[channel](world)])
  return Object.fromEntries(entries) as Senders // Every channel is there: the registry's type holds it.
}

/** The channel of a receiver. Undefined for one that has none, which the schema does not admit. */
export function channelOf(receiver: Receiver): Channel | undefined {
  return channels.find((channel) => receiver[channel] !== undefined)
}

// References to what lies outside the object: always in its own namespace, never with the value itself.
import type { z } from 'zod'
import { atomic, text } from './schema.ts'

/** `{secretKeyRef: {name, key}}`. There is no namespace on purpose: nobody reads another tenant's Secrets. */
export function secretReference(description: string) {
  return atomic(description, {
    secretKeyRef: atomic('A key of a Secret in the same namespace.', {
      name: text('Name of the Secret, for example keys.', { max: 253, shape: objectName }),
      key: text('Key in the Secret, for example token.', { max: 253, shape: dataKey }),
    }),
  })
}
export type SecretReference = z.output<ReturnType<typeof secretReference>>

// The sentences do not show what was found: a value pasted in the place of a name may be the secret itself.
const objectName = {
  pattern: /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/,
  otherwise: 'is not the name of an object; give the name of a Secret, not its value',
}
const dataKey = {
  pattern: /^[-._a-zA-Z0-9]+$/,
  otherwise: 'is not a key of a Secret; give the name of the key, not its value',
}

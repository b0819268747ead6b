// Names as Kubernetes has them.
import { setOf, text } from './schema.ts'

/** A name that is also a DNS label: of an object, a Service, a rule, a receiver. */
export function resourceName(description: string) {
  return text(description, {
    max: 63,
    shape: {
      pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
      otherwise: 'is not a name; use lower-case letters, digits and -, with a letter or digit at both ends',
    },
  })
}

export function resourceNames(description: string, max: number) {
  return setOf(description, resourceName('Name.'), { max })
}

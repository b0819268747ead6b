// Values as JSON or YAML for other programs.
import { dump } from 'js-yaml'

export function printed(value: unknown, format: 'json' | 'yaml'): string {
  return format === 'json' ? `${JSON.stringify(value, undefined, 2)}\n` : yamlOf(value)
}

/** Long texts stay on one line, nothing is written by reference: equal values give equal bytes. */
export function yamlOf(value: unknown): string {
  return dump(value, { lineWidth: -1, noRefs: true })
}

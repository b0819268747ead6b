// The field reference in Markdown, from the same schemas as the CRDs.
import { conditionReasons, conditionTypes } from './conditions.ts'
import { rootStructure } from './crd.ts'
import { group, type Resource, resourceKinds, resources, version } from './resources.ts'
import type { Structure } from './structure.ts'

/** The whole page. Equal schemas give equal text. */
export function referencePage(): string {
  return [
    '# Reference\n',
    `Every field of \`${group}/${version}\`, as \`kubectl explain\` shows them too. Durations are whole numbers with units from large to small (\`w d h m s ms\`), for example \`1h30m\`. A field marked * must be set.\n`,
    ...resourceKinds.map((kind) => resourceSection(kind, resources[kind])),
    conditionSection(),
  ].join('\n')
}

function resourceSection(kind: string, resource: Resource): string {
  const { spec, status } = rootStructure(resource).properties ?? {}
  const columns = resource.columns.map(({ name, priority }) => (priority === 1 ? `${name} (wide)` : name))
  return [
    `## ${kind}\n`,
    `${resource.description}\n`,
    `\`kubectl get ${resource.shortName}\` shows ${columns.join(', ')}.\n`,
    `### ${kind} spec\n`,
    ...(spec === undefined ? [] : [fieldTable(spec), constraintList(spec)]),
    `### ${kind} status\n`,
    ...(status === undefined ? [] : [fieldTable(status)]),
  ].join('\n')
}

function conditionSection(): string {
  return [
    '## Conditions\n',
    table(
      ['condition', 'says'],
      Object.entries(conditionTypes).map(([type, says]) => [`\`${type}\``, says]),
    ),
    '## Reasons\n',
    'The same word stands in the condition, the event, the log field, the metric label and the message.\n',
    table(
      ['reason', 'means'],
      Object.entries(conditionReasons).map(([reason, means]) => [`\`${reason}\``, means]),
    ),
  ].join('\n')
}

function fieldTable(structure: Structure): string {
  const rows = [...fieldsOf(structure, '')].map(({ path, field, isRequired }) => [
    `\`${path}\`${isRequired ? ' *' : ''}`,
    typeText(field),
    `${field.description ?? ''}${field.default === undefined ? '' : ` Default: \`${field.default}\`.`}`,
  ])
  return table(['field', 'type', 'what it does'], rows)
}

function constraintList(structure: Structure): string {
  const messages = [{ path: '', field: structure }, ...fieldsOf(structure, '')].flatMap(({ path, field }) =>
    (field['x-kubernetes-validations'] ?? []).map(
      ({ message, fieldPath = '' }) =>
        `- \`${`${path}${fieldPath}`.replace(/^\./, '') || 'spec'}\`: ${message}`,
    ),
  )
  return `Besides, the API server demands:\n\n${[...new Set(messages)].join('\n')}\n`
}

type Field = { readonly path: string; readonly field: Structure; readonly isRequired: boolean }

/** Every field below, depth first; the items of a list carry `[]` behind its name. */
function* fieldsOf({ properties = {}, required = [] }: Structure, prefix: string): Generator<Field> {
  for (const [name, field] of Object.entries(properties)) {
    const path = `${prefix}${name}`
    yield { path, field, isRequired: required.includes(name) }
    yield* fieldsOf(field, `${path}.`)
    if (field.items !== undefined) yield* itemsOf(field.items, `${path}[]`)
  }
}

function* itemsOf(item: Structure, path: string): Generator<Field> {
  if (item['x-kubernetes-validations'] !== undefined && item.properties === undefined) {
    yield { path, field: item, isRequired: false }
  }
  yield* fieldsOf(item, `${path}.`)
}

function typeText(field: Structure): string {
  if (field['x-kubernetes-int-or-string'] === true) return 'integer or text'
  if (field.enum !== undefined) return field.enum.map((value) => `\`${value}\``).join(', ')
  switch (field.type) {
    case 'string':
      return field.format === 'duration' ? 'duration' : field.format === 'date-time' ? 'time' : 'text'
    case 'array':
      return `list of ${field.items === undefined ? 'objects' : typeText(field.items)}, at most ${field.maxItems}`
    case 'object':
      return field.additionalProperties === undefined ? 'object' : 'map of texts'
    default:
      return field.type ?? ''
  }
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return `${[line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')}\n`
}

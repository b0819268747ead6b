// The text exposition format, as far as a writer needs it: labels escaped, one line a sample.

/** Longer values are cut: some are chosen by whoever runs the target. */
const labelValueMax = 2048

export type Labels = Readonly<Record<string, string>>

/** `a="x",b="y"`, escaped; empty for no labels. */
export function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',')
}

/** One sample line; `labels` is escaped already. */
export function sampleLine(name: string, labels: string, value: number): string {
  return labels === '' ? `${name} ${value}\n` : `${name}{${labels}} ${value}\n`
}

export function headerLines(name: string, type: 'gauge' | 'counter' | 'histogram', help: string): string {
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`
}

function escaped(value: string): string {
  const cut = value.length <= labelValueMax ? value : value.slice(0, labelValueMax).toWellFormed()
  return cut.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

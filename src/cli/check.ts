// `roundsman check`: tells everything that is wrong with some manifests, all at once, each with file and line.
import { group } from '../api/v1alpha1/resources.ts'
import { checkManifests, type Finding, findingText } from '../manifest/check.ts'
import type { Manifests } from '../manifest/parse-manifest.ts'
import { shownFinding } from './manifest-sources.ts'
import { printed } from './printed.ts'
import { type Colour, coloured, count, type ExitCode, narrate, oneLine, type Terminal } from './terminal.ts'

export type CheckRequest = { readonly manifests: Manifests; readonly output: 'table' | 'json' | 'yaml' }

/** Warnings alone are no bad news. */
export function check({ manifests, output }: CheckRequest, terminal: Terminal): ExitCode {
  const findings = checkManifests(manifests).map((finding) => shownFinding(finding, terminal.folder))
  if (output === 'table')
    for (const finding of findings) terminal.out(`${lineOf(finding, terminal.isColour)}\n`)
  else terminal.out(printed(findings, output))
  return conclude(manifests, findings, terminal)
}

function conclude(manifests: Manifests, findings: readonly Finding[], terminal: Terminal): ExitCode {
  const objects = manifests.documents.filter(({ object }) => object.apiVersion.startsWith(`${group}/`)).length
  const errors = findings.filter(({ severity }) => severity === 'error').length
  const warnings = findings.length - errors
  const told = [count(errors, 'error'), ...(warnings === 0 ? [] : [count(warnings, 'warning')])].join(', ')
  if (errors > 0) narrate(terminal, 'failed', `${told} in ${count(objects, 'object')}`)
  else if (objects === 0) narrate(terminal, 'careful', `no object of ${group} is among these files`)
  else if (warnings > 0)
    narrate(terminal, 'careful', `${count(warnings, 'warning')} in ${count(objects, 'object')}`)
  else narrate(terminal, 'done', `${count(objects, 'object')}, nothing wrong`)
  return errors > 0 ? 1 : 0
}

const colours: Readonly<Record<Finding['severity'], Colour>> = { error: 'red', warning: 'yellow' }

function lineOf(finding: Finding, isColour: boolean): string {
  const { severity } = finding
  return oneLine(findingText(finding)).replace(
    ` ${severity}: `,
    ` ${coloured(severity, colours[severity], isColour)}: `,
  )
}

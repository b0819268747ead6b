// What the reconcilers observe, filled from manifests instead of a cluster: for commands that decide once and carry nothing out.

import { watchedKinds } from '../control/control-plane.ts'
import { Store } from '../control/store.ts'
import { apiVersionOf } from '../domain/kinds.ts'
import { checkManifests, type Finding, findingText } from '../manifest/check.ts'
import type { Manifests } from '../manifest/parse-manifest.ts'
import type { Installation, Sources } from '../reconcile/ports.ts'
import { narrate, oneLine, shownPath, type Terminal } from './terminal.ts'

/** Every kind counts as served and read in full: what is not among the manifests does not exist. */
export function sourcesFrom({ documents }: Manifests, installation: Installation): Sources {
  const store = new Store()
  for (const kind of watchedKinds) {
    const objects = documents
      .map(({ object }) => object)
      .filter((object) => object.kind === kind && object.apiVersion === apiVersionOf(kind))
    store.replace(kind, objects)
    store.setAvailability(kind, { state: 'synced' })
  }
  return {
    objects: store,
    installation,
    probes: { report: () => undefined },
    alertmanagers: { alertmanagers: () => [], refusal: () => undefined },
    carriedOut: { trouble: () => undefined },
  }
}

/** Says what is wrong with the manifests; true when something is an error, so that what is printed is not all there is. */
export function tellErrors(manifests: Manifests, terminal: Terminal): boolean {
  const errors = checkManifests(manifests).filter(({ severity }) => severity === 'error')
  for (const error of errors) {
    const text = findingText(shownFinding(error, terminal.folder))
    narrate(terminal, 'failed', oneLine(text))
  }
  return errors.length > 0
}

/** With its paths as the caller would write them; a message may hold one too. */
export function shownFinding(finding: Finding, folder: string): Finding {
  const message = finding.message.replaceAll(`${folder}/`, '')
  return { ...finding, file: shownPath(finding.file, folder), message }
}

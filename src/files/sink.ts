// What may be written of objects that live in a folder: their status and finalizers, into the data folder. The manifests themselves are
// the user's and are never touched; objects for Prometheus are not made, because a standalone run judges by itself.
import type { Answer, ApiFailure, ClusterSink } from '../control/ports.ts'
import type { KubeObject, Ref } from '../domain/kube-object.ts'
import { refOfObject } from '../domain/kube-object.ts'
import type { Log } from '../domain/log.ts'
import { codeOf } from '../manifest/find-manifests.ts'
import type { ManifestFolder } from './folder.ts'
import { withFinalizer, withStatus } from './object-record.ts'

export function createFolderSink(folder: ManifestFolder, log: Log): ClusterSink {
  return {
    get: async (ref) => answered(async () => good(await folder.read(ref))),
    create: async (object) => notServed(object.kind),
    update: async (object) => notServed(object.kind),
    remove: async (ref) => notServed(ref.kind),
    updateStatus: (ref, status, { manager, resourceVersion }) =>
      answered(async () => {
        const outcome = await folder.change(ref, (held) => {
          if (held === undefined) return refusal('notFound', `${ref.kind} ${ref.name} is gone`)
          if (held.object.metadata.resourceVersion !== resourceVersion) return moved(ref)
          return { record: withStatus(held.record, manager, status) }
        })
        return 'refusal' in outcome ? bad(outcome.refusal) : good(outcome.object)
      }),
    setFinalizer: (object, change) => answered(() => setFinalizer(folder, object, change)),
    emit: ({ regarding, type, reason, note }) => {
      const object = `${regarding.kind}/${regarding.namespace}/${regarding.name}`
      log[type === 'Warning' ? 'warn' : 'info']('event', { object, reason, note })
    },
  }
}

async function setFinalizer(
  folder: ManifestFolder,
  object: KubeObject,
  change: { readonly finalizer: string; readonly present: boolean },
): Promise<Answer<KubeObject | undefined>> {
  const ref = refOfObject(object)
  const outcome = await folder.change(ref, (held) => {
    if (held === undefined || held.record.uid !== object.metadata.uid) {
      return change.present ? moved(ref) : { refusal: undefined }
    }
    const record = withFinalizer(held.record, change)
    const isAddedTooLate = record !== held.record && change.present && record.deletionTimestamp !== undefined
    return isAddedTooLate ? refusal('invalid', `${ref.kind} ${ref.name} is being deleted`) : { record }
  })
  if (!('refusal' in outcome)) return good(outcome.object)
  return outcome.refusal === undefined ? good(undefined) : bad(outcome.refusal)
}

/** The data folder is the one thing that can fail here: a full disk, a right taken away. */
async function answered<Value>(work: () => Promise<Answer<Value>>): Promise<Answer<Value>> {
  try {
    return await work()
  } catch (error) {
    return bad({ kind: 'unavailable', message: `the data folder cannot be written (${codeOf(error)})` })
  }
}

function notServed(kind: string): Answer<never> {
  const message = `a standalone run makes no ${kind}; set delivery to Direct, or run the operator in a cluster`
  return bad({ kind: 'notServed', message })
}

function moved(ref: Ref): { refusal: ApiFailure } {
  return refusal('conflict', `${ref.kind} ${ref.name} has changed or was made anew`)
}

function refusal(kind: ApiFailure['kind'], message: string): { refusal: ApiFailure } {
  return { refusal: { kind, message } }
}

function good<Value>(value: Value): Answer<Value> {
  return { ok: true, value }
}

function bad(failure: ApiFailure): Answer<never> {
  return { ok: false, failure }
}

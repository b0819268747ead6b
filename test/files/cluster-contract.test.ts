// The contract of both ports, on a folder of manifests. A standalone run makes no children, so that group does not concern it.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dump } from 'js-yaml'
import type { KubeObject, Ref } from '../../src/domain/kube-object.ts'
import { refOfObject } from '../../src/domain/kube-object.ts'
import {
  type ContractCluster,
  describeFinalizers,
  describeSource,
  describeStatus,
} from '../control/cluster-contract.ts'
import { FakeClock } from '../fakes/clock.ts'
import { FakeLog } from '../fakes/log.ts'
import { openFolder } from './open-folder.ts'
import { scratchFolders } from './scratch.ts'

const scratch = scratchFolders()

/** People write, replace and remove files; each case has a folder of its own. */
async function makeCluster(): Promise<ContractCluster> {
  const [paths, dataFolder] = [await scratch(), await scratch()]
  const { folder, source, sink } = openFolder({
    paths: [paths],
    dataFolder,
    clock: new FakeClock(),
    log: new FakeLog(),
  })
  const fileOf = (ref: Ref) => join(paths, `${ref.kind}.${ref.namespace}.${ref.name}.yaml`)
  const write = async (object: KubeObject) => {
    const ref = refOfObject(object)
    await writeFile(fileOf(ref), dump(object))
    const read = await folder.read(ref)
    if (read === undefined) throw new Error('the object was written and not seen')
    return read
  }
  return {
    namespace: 'contract',
    source,
    sink,
    user: {
      create: write,
      replace: write,
      remove: async (ref) => {
        await rm(fileOf(ref))
        await folder.look()
      },
    },
    close: async () => {},
  }
}

describeSource('a folder of manifests', makeCluster)
describeStatus('a folder of manifests', makeCluster)
describeFinalizers('a folder of manifests', makeCluster)

// The program without a cluster: wires the core to a folder of manifests and a data folder, with a sample service beside it if asked.
import { availableParallelism } from 'node:os'
import type { Command } from '../config.ts'
import type { Leadership, Shard } from '../control/ports.ts'
import { ManifestFolder } from '../files/folder.ts'
import { readIdentity } from '../files/identity.ts'
import { type Lock, lockFolder } from '../files/lock.ts'
import { folderSecrets } from '../files/secrets.ts'
import { createFolderSink } from '../files/sink.ts'
import { FolderSource } from '../files/source.ts'
import { type Core, startCore } from './core.ts'
import { demoPort, demoSettings, startDemoService } from './demo.ts'
import { listenProblem } from './listen-problem.ts'
import type { World } from './operator.ts'

/** The lock of the data folder stands in for the lease: whoever holds it leads, and there is no other. */
const alwaysLeader: Leadership = { isLeader: () => true, onChange: () => () => {} }
const wholeShard: Shard = { owns: () => true, onChange: () => {} }

type Run = Extract<Command, { name: 'run' }>

/** What a person at the terminal is shown of the running program. */
export type Display = {
  /** `hints`: what else there is to look at, one line each. */
  start(core: Core, folder: ManifestFolder, hints: readonly string[]): { stop(): void }
}

const decideGraceMs = 1_000

/** Runs until it is asked to end; answers the exit code. */
export async function runStandalone(command: Run, world: World, display: Display): Promise<number> {
  const { clock, log } = world
  const locking = await lockFolder(command.dataFolder, { clock, random: world.uniqueText })
  if (!locking.ok) {
    const where = locking.owner.address === '' ? '' : `, listening on ${locking.owner.address}`
    log.error(
      `the data folder ${command.dataFolder} is in use by process ${locking.owner.pid}${where}; end that one, or give another folder with --data`,
    )
    return 78
  }
  try {
    return await runOver(command, world, { display, lock: locking.lock })
  } catch (error) {
    const problem = listenProblem(error, (port) =>
      port === demoPort ? 'the demo needs it' : 'give another address with --listen',
    )
    if (problem === undefined) throw error
    log.error(problem)
    return 78
  } finally {
    await locking.lock.release()
  }
}

async function runOver(
  command: Run,
  world: World,
  { display, lock }: { display: Display; lock: Lock },
): Promise<number> {
  const { clock, log } = world
  const { paths, dataFolder } = command
  const demo = command.demo ? await startDemoService(clock) : undefined
  const settings = demo === undefined ? command.settings : demoSettings(command.settings)
  const folder = new ManifestFolder({ paths, dataFolder, clock, log })
  const core = await startCore({
    ...world,
    source: new FolderSource(folder, { clock, log }),
    sink: createFolderSink(folder, log),
    leadership: alwaysLeader,
    shard: wholeShard,
    installation: {
      clusterId: await readIdentity(dataFolder, world.uniqueText),
      delivery: 'Direct',
      clusterDomain: settings.clusterDomain,
      standalone: true,
    },
    settings,
    secrets: folderSecrets(folder),
    healthChecks: [],
    listen: command.listen,
    probeThreads: Math.max(1, availableParallelism() - 1),
  })
  folder.onSecretChange((secret) => core.judge.secretChanged(secret))
  await lock.tell(core.address)
  const hints =
    demo === undefined
      ? []
      : [`break the sample service at ${demo.url}/, read its inbox at ${demo.url}/inbox`]
  const shown = display.start(core, folder, hints)
  await world.ended
  shown.stop()
  await core.stopDeciding(decideGraceMs)
  await core.stop()
  await demo?.stop()
  return 0
}

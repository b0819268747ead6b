// One TCP connect. Resolving, address policy and closing are dial.ts's; deadline and retry are the runner's.
import { endpointText } from '../domain/host.ts'
import type { TcpProbe } from '../domain/probe-entry.ts'
import { withConnection } from './dial.ts'
import type { Prober } from './prober.ts'

export const tcp: Prober<TcpProbe> = {
  type: 'tcp',
  prepare({ dial }) {
    return {
      ok: true,
      attempt: (run) =>
        withConnection(run, { dial }, async () => {
          run.timer.end()
          const { ip, port } = run.notes.address ?? { ip: '', port: dial.port }
          return { kind: 'ok', message: `connected to ${endpointText(ip, port)}` }
        }),
    }
  },
}

// What the running program could show, in few words.
import type { FileProblem, ReceiverStanding, Standing, TargetStanding } from '../../src/cli/standing.ts'
import type { ActiveAlert } from '../../src/evaluate/ports.ts'

export const now = Date.UTC(2026, 10, 22, 15, 4, 5)
const minute = 60_000

export function target(name: string, changes: Partial<TargetStanding> = {}): TargetStanding {
  return { namespace: 'shop', name, verdict: 'Healthy', since: now - 3 * 60 * minute, why: '', ...changes }
}

export function alert(name: string, changes: Partial<ActiveAlert> = {}): ActiveAlert {
  return {
    policy: { uid: 'u', namespace: 'shop', name: 'front' },
    rule: 'down',
    alert: 'TargetDown',
    severity: 'critical',
    namespace: 'shop',
    target: name,
    state: 'firing',
    since: now - 5 * minute,
    firingSince: now - 4 * minute,
    annotations: new Map([['summary', `${name} is down`]]),
    silencedBy: [],
    ...changes,
  }
}

export function receiver(name: string, changes: Partial<ReceiverStanding> = {}): ReceiverStanding {
  return { receiver: name, policy: 'shop/front', waiting: 0, ...changes }
}

export function standing(changes: Partial<Standing> = {}): Standing {
  return { targets: [], alerts: [], receivers: [], problems: [], ...changes }
}

export const problem: FileProblem = {
  file: 'a.yaml',
  line: 3,
  message: 'cannot be read as YAML: bad indentation',
}

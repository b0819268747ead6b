// The English words of messages.
import type { Words } from './words.ts'

export const english: Words = {
  firing: 'FIRING',
  resolved: 'RESOLVED',
  severity: { critical: 'critical', warning: 'warning', info: 'info', debug: 'debug' },
  fields: {
    severity: 'severity',
    target: 'target',
    summary: 'summary',
    description: 'description',
    reason: 'reason',
    since: 'since',
    ended: 'ended',
  },
  more: (count) => `+${count} more`,
  repeat: (times) => `still so: reminder ${times}`,
  mayBeRepeat: 'possible repeat: an earlier attempt to send this may have arrived',
  sender: (policy, receiver) => `sent by Roundsman for policy ${policy}, receiver ${receiver}`,
  forDuration: (duration) => `for ${duration}`,
  afterDuration: (duration) => `after ${duration}`,
}

import { describe, expect, test } from 'vitest'
import { createMetrics } from '../../src/telemetry/metrics.ts'

/** The samples of one metric, without help and type lines. */
async function samples(metrics: ReturnType<typeof createMetrics>, name: string): Promise<string[]> {
  return (await metrics.text()).split('\n').filter((line) => line.startsWith(name) && !line.startsWith('#'))
}

const quiet = { depth: () => 0, unfinished: () => ({ longestSeconds: 0, totalSeconds: 0 }) }

describe('the work queue', () => {
  test('is counted under the names existing dashboards ask for', async () => {
    const metrics = createMetrics({ process: false })
    const queue = metrics.queue('Silence')
    queue.added()
    queue.added()
    queue.retried()
    queue.started(0.25)
    queue.finished(0.5)
    const text = await metrics.text()
    expect(text).toContain('workqueue_adds_total{name="Silence",controller="Silence"} 2')
    expect(text).toContain('workqueue_retries_total{name="Silence",controller="Silence"} 1')
    expect(text).toContain('workqueue_queue_duration_seconds_sum{name="Silence",controller="Silence"} 0.25')
    expect(text).toContain('workqueue_work_duration_seconds_sum{name="Silence",controller="Silence"} 0.5')
  })

  test('is asked for its depth and running work at each scrape', async () => {
    const metrics = createMetrics({ process: false })
    let depth = 3
    metrics.watchQueue('Silence', {
      depth: (priority) => (priority === 'user' ? depth : 40),
      unfinished: () => ({ longestSeconds: 2, totalSeconds: 5 }),
    })
    await metrics.text()
    depth = 1
    expect(await samples(metrics, 'workqueue_depth')).toEqual([
      'workqueue_depth{name="Silence",controller="Silence",priority="0"} 1',
      'workqueue_depth{name="Silence",controller="Silence",priority="-100"} 40',
    ])
    expect(await samples(metrics, 'workqueue_unfinished_work_seconds')).toEqual([
      'workqueue_unfinished_work_seconds{name="Silence",controller="Silence"} 5',
    ])
    expect(await samples(metrics, 'workqueue_longest')).toEqual([
      'workqueue_longest_running_processor_seconds{name="Silence",controller="Silence"} 2',
    ])
  })
})

describe('reconciles', () => {
  test('exist with 0 before the first one, so that a rate can be taken', async () => {
    const metrics = createMetrics({ process: false })
    metrics.limitReconciles('AlertPolicy', 4)
    expect(await samples(metrics, 'controller_runtime_reconcile_total')).toHaveLength(4)
    expect(await samples(metrics, 'controller_runtime_max')).toEqual([
      'controller_runtime_max_concurrent_reconciles{controller="AlertPolicy"} 4',
    ])
  })

  test('count results, errors, stalled objects, panics and time-outs apart', async () => {
    const metrics = createMetrics({ process: false })
    const observer = metrics.reconciles
    observer.working('AlertPolicy', 1)
    observer.working('AlertPolicy', 1)
    observer.working('AlertPolicy', -1)
    for (const result of ['success', 'error', 'stalled', 'panic', 'timeout'] as const) {
      observer.reconciled('AlertPolicy', result, 0.25)
    }
    const text = await metrics.text()
    for (const line of [
      'controller_runtime_reconcile_total{controller="AlertPolicy",result="success"} 1',
      'controller_runtime_reconcile_total{controller="AlertPolicy",result="error"} 4',
      'controller_runtime_reconcile_errors_total{controller="AlertPolicy"} 4',
      'controller_runtime_terminal_reconcile_errors_total{controller="AlertPolicy"} 1',
      'controller_runtime_reconcile_panics_total{controller="AlertPolicy"} 1',
      'controller_runtime_reconcile_timeouts_total{controller="AlertPolicy"} 1',
      'controller_runtime_active_workers{controller="AlertPolicy"} 1',
      'controller_runtime_reconcile_time_seconds_sum{controller="AlertPolicy"} 1.25',
    ]) {
      expect(text).toContain(line)
    }
  })
})

describe('the Kubernetes adapter', () => {
  test('is counted by request, leadership, reflector and event', async () => {
    const metrics = createMetrics({ process: false })
    const { requests, reflectors, election, events } = metrics.kube({ lease: 'roundsman', now: () => 1_500 })
    requests.answered({ verb: 'list', method: 'GET', host: 'api:443', code: '200', seconds: 0.1 })
    requests.retried({ verb: 'patch', host: 'api:443', code: '429' })
    election.leading(true)
    election.slowPath()
    reflectors.eventSeen('Silence')
    reflectors.synced('Silence', true)
    reflectors.relisted('Silence', 'expired')
    reflectors.watchFailed('Silence', 'ECONNRESET')
    metrics.watchObjects(() => [['Silence', 12]])
    events.dropped('full')
    const text = await metrics.text()
    for (const line of [
      'rest_client_requests_total{code="200",method="GET",host="api:443"} 1',
      'rest_client_request_duration_seconds_count{verb="list",host="api:443"} 1',
      'rest_client_request_retries_total{code="429",verb="patch",host="api:443"} 1',
      'leader_election_master_status{name="roundsman"} 1',
      'leader_election_slowpath_total{name="roundsman"} 1',
      'reflector_last_event_timestamp_seconds{kind="Silence"} 1.5',
      'reflector_synced{kind="Silence"} 1',
      'reflector_objects{kind="Silence"} 12',
      'reflector_relists_total{kind="Silence",reason="expired"} 1',
      'reflector_watch_failures_total{kind="Silence",code="ECONNRESET"} 1',
      'roundsman_events_dropped_total{cause="full"} 1',
    ]) {
      expect(text).toContain(line)
    }
  })

  test('leaves no trace in a run without a cluster', async () => {
    const text = await createMetrics({ process: false }).text()
    expect(text).not.toMatch(/rest_client|leader_election|reflector/)
  })
})

test('messages to people are counted by channel, result and reason', async () => {
  const metrics = createMetrics({ process: false })
  metrics.relay.notified({ channel: 'email', result: 'delivered', reason: 'Ok' })
  expect(await samples(metrics, 'roundsman_relay')).toEqual([
    'roundsman_relay_notifications_total{channel="email",result="delivered",reason="Ok"} 1',
  ])
})

test('the process tells its memory and the lag of its event loop when asked to', async () => {
  const text = await createMetrics({ process: true }).text()
  expect(text).toContain('process_resident_memory_bytes ')
  expect(text).toContain('nodejs_eventloop_lag_p99_seconds ')
  expect(await createMetrics({ process: false }).text()).not.toContain('process_')
})

test('two programs in one process share nothing', async () => {
  const [first, second] = [createMetrics({ process: false }), createMetrics({ process: false })]
  first.queue('Silence').added()
  second.watchQueue('Silence', quiet)
  expect(await samples(second, 'workqueue_adds_total')).toEqual([])
})

import type { StorageStatus } from '../contract/index.ts'
import type { MeasuredStatus } from './create-metrics.ts'
import type { Family } from './text-format.ts'

/** What is not counted but looked at. */
export function statusFamilies({ isDraining, eventStreams, storage }: MeasuredStatus): readonly Family[] {
  return [
    gauge('web_sync_draining', '1 while the process is about to stop.', isDraining ? 1 : 0),
    gauge('web_sync_event_streams', 'Streams of nudges that are open.', eventStreams.streams),
    counter('web_sync_nudges_total', 'Nudges that were sent.', eventStreams.sent),
    ...(storage === null ? [] : storageFamilies(storage)),
  ]
}

function storageFamilies({ pool, listener, standbys, groups }: StorageStatus): readonly Family[] {
  const families: Family[] = []
  if (pool !== null) {
    families.push(
      gauge('web_sync_pool_max', 'Connections that the pool may have.', pool.max),
      gauge('web_sync_pool_connections', 'Connections that the pool has.', pool.open),
      gauge('web_sync_pool_idle', 'Of them those that nobody uses.', pool.idle),
      gauge('web_sync_pool_waiting', 'Transactions that wait for a connection.', pool.waiting),
    )
  }
  if (listener !== null) {
    const isUp = listener === 'listening'
    families.push(gauge('web_sync_listener_up', '1 while commits of other processes are heard.', isUp ? 1 : 0))
  }
  if (standbys.length > 0) families.push(...standbyFamilies(standbys))
  if (groups !== null) {
    families.push(
      counter('web_sync_commits_total', 'Commits that were brought to the disk.', groups.commits),
      counter('web_sync_transactions_total', 'Transactions that these commits held.', groups.transactions),
    )
  }
  return families
}

function standbyFamilies(standbys: StorageStatus['standbys']): readonly Family[] {
  const known = standbys.flatMap(({ name, lagBytes }) =>
    lagBytes === null ? [] : [{ labels: { standby: name }, value: lagBytes }],
  )
  return [
    {
      name: 'web_sync_standby_seen',
      type: 'gauge',
      help: '1 if the standby was connected and visible when the durable horizon was looked at last.',
      samples: standbys.map(({ name, lagBytes }) => ({ labels: { standby: name }, value: lagBytes === null ? 0 : 1 })),
    },
    { name: 'web_sync_standby_lag_bytes', type: 'gauge', help: 'Log that it had not flushed then.', samples: known },
  ]
}

function gauge(name: string, help: string, value: number): Family {
  return { name, type: 'gauge', help, samples: [{ value }] }
}

function counter(name: string, help: string, value: number): Family {
  return { name, type: 'counter', help, samples: [{ value }] }
}

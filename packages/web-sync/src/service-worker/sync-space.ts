import type { ReplyLimit, SchemaShape, WakeReason } from 'web-sync-protocol'
import { type Auth, type DeliveryStore, SyncError, type SyncErrorCode, type SyncSummary } from '../contract/index.ts'
import { Pace, runSync } from '../engine/index.ts'
import { type NoticeChannel, openNoticeChannel } from '../platform/index.ts'
import { createFetchTransport } from '../transport/index.ts'
import type { RegisteredSpace, ServiceWorkerEnvironment } from './environment.ts'

/** Small batches: the browser may end a service worker at any time, and does so after five minutes. */
const BATCH: ReplyLimit = { changes: 1_000, bytes: 524_288, pages: 8 }

/** A space that synced so short a time ago is left alone if it has nothing to send. */
const FRESH_MS = 60_000

/** How a batch is made. */
export interface BatchOptions {
  readonly endpoint: string
  readonly schema: SchemaShape
  readonly reason: WakeReason
  readonly auth: Auth | null
  readonly maxExchanges: number
  /** True once the event's time is over: then no new exchange begins. */
  readonly isOver: () => boolean
}

/**
 * One bounded run of one space, by the same engine and under the same lock as the tabs: if one of them runs, this one does not.
 * True if nothing is left that another event could send.
 */
export async function syncSpace(
  environment: ServiceWorkerEnvironment,
  space: RegisteredSpace,
  options: BatchOptions,
): Promise<boolean> {
  try {
    return await openAndSync(environment, space, options)
  } catch (error) {
    return isHopeless(error)
  }
}

/** A newer app's store, one that was wiped meanwhile, or site data that is blocked: no event of this service worker can change that. */
export function isHopeless(error: unknown): boolean {
  return error instanceof SyncError && HOPELESS.includes(error.code)
}

const HOPELESS: readonly SyncErrorCode[] = ['newer-schema', 'closed', 'account-mismatch', 'storage-forbidden']

async function openAndSync(
  environment: ServiceWorkerEnvironment,
  space: RegisteredSpace,
  options: BatchOptions,
): Promise<boolean> {
  let channel: NoticeChannel | null = null
  const { store, dbName } = await environment.openStore(space, options.schema, (notice) =>
    channel?.post({ type: 'notice', notice }),
  )
  channel = openNoticeChannel(dbName, (message) => {
    // A wipe must not wait for the connection that is open here.
    if (message.type === 'wipe') void closeQuietly(store)
  })
  try {
    const before = await store.readSummary()
    if (!isWorthwhile(before, environment.clock.nowMs())) return true
    const startedAtMs = environment.clock.nowMs()
    await run(environment, space, options, store, dbName)
    channel.post({ type: 'ran', startedAtMs })
    return isDrained(await store.readSummary())
  } finally {
    channel.close()
    await closeQuietly(store)
  }
}

async function run(
  environment: ServiceWorkerEnvironment,
  space: RegisteredSpace,
  options: BatchOptions,
  store: DeliveryStore,
  dbName: string,
): Promise<void> {
  const { clock, random, lock, fetch } = environment
  const { credentials } = space
  const transport = createFetchTransport({ endpoint: options.endpoint, credentials, fetch, clock })
  await runSync(
    { store, transport, clock, random, lock, lockName: `web-sync:${dbName}`, auth: options.auth, pace: new Pace() },
    {
      reason: options.reason,
      host: 'service-worker',
      limit: BATCH,
      ifAvailable: true,
      maxExchanges: options.maxExchanges,
      signal: {
        get aborted() {
          return options.isOver()
        },
      },
    },
  )
}

/** Nothing to send and fresh: not worth a second request beside the tab's own. */
function isWorthwhile(summary: SyncSummary, nowMs: number): boolean {
  if (hasUnsent(summary)) return true
  const ageMs = nowMs - (summary.lastSyncAtMs ?? -Infinity)
  return ageMs < 0 || ageMs > FRESH_MS
}

/** What waits for a person (signing in, an update) is not for the next event either. */
function isDrained(summary: SyncSummary): boolean {
  return !hasUnsent(summary) || summary.memory.halt !== null
}

function hasUnsent({ counts }: SyncSummary): boolean {
  return counts.pending > counts.setAside
}

async function closeQuietly(store: DeliveryStore): Promise<void> {
  try {
    await store.close()
  } catch {
    // It is closed, or was taken away: both will do.
  }
}

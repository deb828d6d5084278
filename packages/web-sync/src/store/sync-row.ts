import { INITIAL_KEY, INITIAL_MEMORY, isSameKey } from 'web-sync-protocol'
import { type Fence, hashStoreId, type StoreId, type SyncState, SyncError } from '../contract/index.ts'
import type { StoreContext } from './context.ts'
import type { RowReader } from './row-database.ts'
import { firstOrder } from './row-order.ts'
import type { MetaRows, SyncRow } from './rows.ts'

/** Reads a row of `meta`. */
export async function readMeta<Key extends keyof MetaRows>(
  tx: RowReader,
  key: Key,
): Promise<MetaRows[Key] | undefined> {
  return (await tx.get('meta', key)) as MetaRows[Key] | undefined
}

/** The cause where the first row is missing under an open connection: the store was emptied (a sign-out), or is damaged. */
export const NO_ROWS = 'no rows'

/** Reads where the store is. It is there from the first opening on; missing, the database was emptied under us. */
export async function readSync(tx: RowReader): Promise<SyncRow> {
  const sync = await readMeta(tx, 'sync')
  if (sync === undefined) {
    throw new SyncError('storage-failed', 'The store’s data has been removed.', { cause: NO_ROWS })
  }
  checkMoved(sync)
  return sync
}

/** Throws if the database was replaced: whoever finds that opens the new one and does the same there. */
export function checkMoved(sync: SyncRow | undefined): void {
  if (sync?.movedTo !== undefined) throw movedAwayError()
  if (sync?.isMoved === true) throw new SyncError('storage-failed', 'The store has moved to another database.')
}

/** Another version of the app has taken the store over, for another address of the partner: there is no other one here. */
function movedAwayError(): SyncError {
  return new SyncError('closed', 'The app’s data has moved to another address of its server: reload the page.')
}

/** What is stored contradicts itself. */
export function damagedError(): SyncError {
  return new SyncError('storage-failed', 'The store’s data is damaged: reload the page.')
}

/** As {@link readSync}, for a transaction that writes: old code never writes a store that newer code has opened. */
export async function readSyncToWrite(tx: RowReader, context: StoreContext): Promise<SyncRow> {
  const sync = await readSync(tx)
  checkOwner(sync, context)
  return sync
}

/** What names the store that these rows should be of. */
export function idOf({ schema, endpoint, account, space, movedFrom }: StoreContext): StoreId {
  return { app: schema.app, endpoint, account, space, movedFrom }
}

/** Throws `account-mismatch` or `newer-schema` if this code must not touch the store. */
export function checkOwner(sync: SyncRow, context: StoreContext): void {
  if (hashStoreId(sync) !== hashStoreId(idOf(context))) {
    throw new SyncError(
      'account-mismatch',
      'The store on this device belongs to another account, space, app or partner: sign in with that one, or wipe it.',
    )
  }
  if (sync.schemaVersion > context.schema.version) {
    throw new SyncError(
      'newer-schema',
      'A newer version of the app has opened this store: reload to get it. Nothing was changed.',
    )
  }
}

/** The row of a new store. `age`: see row-order.ts. */
export function initialSync(context: StoreContext, age: number, evictedAtMs: number | null): SyncRow {
  return {
    key: 'sync',
    app: context.schema.app,
    endpoint: context.endpoint,
    account: context.account,
    space: context.space,
    madeAtMs: context.nowMs(),
    schemaVersion: context.schema.version,
    replicaId: context.randomId(),
    generation: 1,
    nextGeneration: 2,
    partnerId: null,
    partnershipId: null,
    syncKey: INITIAL_KEY,
    isSettled: false,
    wasSettled: false,
    collections: [],
    settledCollections: [],
    digest: {},
    step: 0,
    nextStep: 1,
    ancestors: [],
    nextOrder: firstOrder(age),
    progress: null,
    lastSyncAtMs: null,
    evictedAtMs,
    memory: INITIAL_MEMORY,
    journalBytes: 0,
    journalDropped: 0,
    stageIds: 0,
    nextStageSeq: 1,
    isSalvageListed: false,
    resync: null,
    oldGenerations: [],
  }
}

/** The fence of the next ask: of the resync if one is under way. */
function fenceOf(sync: SyncRow): Fence {
  const { resync } = sync
  if (resync !== null) {
    const { partnershipId, syncKey: key, generation } = resync
    return { partnershipId, key, generation, isResync: true }
  }
  return { partnershipId: sync.partnershipId, key: sync.syncKey, generation: sync.generation, isResync: false }
}

/** True if an answer to `fence` may be applied: the compare-and-set that opens every transaction which follows from an answer. */
export function isFenceOpen(sync: SyncRow, fence: Fence): boolean {
  const own = fenceOf(sync)
  return (
    own.isResync === fence.isResync &&
    own.generation === fence.generation &&
    own.partnershipId === fence.partnershipId &&
    isSameKey(own.key, fence.key)
  )
}

/** What the engine composes an ask from. */
export function syncToState(sync: SyncRow, context: StoreContext): SyncState {
  return {
    account: sync.account,
    space: sync.space,
    replicaId: sync.replicaId,
    partnerId: sync.partnerId,
    fence: fenceOf(sync),
    isSettled: sync.resync === null && sync.isSettled,
    schema: context.schema,
    memory: sync.memory,
    digest: sync.resync?.digest ?? sync.digest,
  }
}

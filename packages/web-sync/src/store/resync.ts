import { DigestBuilder, INITIAL_KEY, type ResetKind, type ResyncCause } from 'web-sync-protocol'
import type { Fence, ReceivedPage } from '../contract/index.ts'
import { applyChanges } from './apply-changes.ts'
import { checkDigest, dropCollection, finishPage } from './page-steps.ts'
import type { NoticeBuilder, StoreContext } from './context.ts'
import { dropUnrepeatable, returnJournal } from './journal.ts'
import { listOverlayNames, rebaseOverlay, touchedBy } from './overlay-rows.ts'
import type { RowWriter } from './row-database.ts'
import type { OldGeneration, ResyncState, SyncRow } from './rows.ts'
import { isFenceOpen, readSyncToWrite } from './sync-row.ts'
import { clearUndo } from './undo-rows.ts'

/**
 * Opens a full resync: its pages go into a new generation beside the readable old one. If one is under way it begins anew; once the
 * records that the snapshot lacks are to be kept (`upload`), that stays so, whatever the reason of a later beginning.
 */
export async function beginResync(
  tx: RowWriter,
  context: StoreContext,
  fence: Fence,
  reset: ResetKind,
  cause: ResyncCause,
  notice: NoticeBuilder,
): Promise<'done' | 'stale'> {
  const sync = await readSyncToWrite(tx, context)
  if (!isFenceOpen(sync, fence)) return 'stale'
  const earlier = sync.resync
  const keepsLost = earlier !== null && isSalvaging(earlier)
  const resync: ResyncState = {
    generation: sync.nextGeneration,
    partnershipId: null,
    syncKey: INITIAL_KEY,
    collections: [],
    digest: {},
    progress: null,
    reset: keepsLost ? 'upload' : reset,
    cause,
  }
  const abandoned: readonly OldGeneration[] =
    earlier === null ? [] : [{ generation: earlier.generation, isSalvaged: false }]
  tx.put('meta', {
    ...sync,
    nextGeneration: sync.nextGeneration + 1,
    resync,
    oldGenerations: [...sync.oldGenerations, ...abandoned],
  })
  notice.touch()
  return 'done'
}

/** Applies a page to the new generation; the first settled one flips it. */
export async function commitToResync(
  tx: RowWriter,
  context: StoreContext,
  before: SyncRow,
  resync: ResyncState,
  received: ReceivedPage,
  notice: NoticeBuilder,
): Promise<void> {
  const { page, partnershipId } = received
  const digest = new DigestBuilder(resync.digest)
  for (const collection of resync.collections) {
    if (!page.collections.includes(collection)) dropCollection(tx, resync.generation, collection, digest)
  }
  await applyChanges(tx, context.schema, resync.generation, page, digest)
  checkDigest(page, digest)
  const replicaId = received.forkedReplicaId ?? before.replicaId
  const next: ResyncState = {
    ...resync,
    partnershipId,
    syncKey: page.key,
    collections: page.collections,
    digest: digest.build(),
    progress: page.progress ?? resync.progress,
  }
  if (page.settled) await flip(tx, context, { ...before, replicaId }, next, received, notice)
  else tx.put('meta', { ...before, replicaId, resync: next })
}

/**
 * The new generation becomes the one that is read. The whole journal returns to the outbox, before the rest: what the partner has
 * answers `duplicate`. What only the old generation holds is looked for in later short steps (tidy), so that this transaction stays
 * as small as outbox and journal are; the old rows stay until they have been looked at, also through a crash.
 */
async function flip(
  tx: RowWriter,
  context: StoreContext,
  before: SyncRow,
  resync: ResyncState,
  received: ReceivedPage,
  notice: NoticeBuilder,
): Promise<void> {
  clearUndo(tx)
  // What is very old is not sent again: the partner may have forgotten that it was accepted, and a record that
  // was deleted since would come back.
  const limited = await dropUnrepeatable(tx, before, context.nowMs(), null, notice)
  const { sync: emptied, returned } = await returnJournal(tx, limited, null, notice)
  const old: OldGeneration = { generation: before.generation, isSalvaged: isSalvaging(resync) }
  const moved: SyncRow = {
    ...emptied,
    generation: resync.generation,
    partnershipId: resync.partnershipId,
    syncKey: resync.syncKey,
    isSettled: true,
    wasSettled: true,
    collections: resync.collections,
    settledCollections: resync.collections,
    digest: resync.digest,
    step: emptied.nextStep,
    nextStep: emptied.nextStep + 1,
    ancestors: [],
    progress: null,
    resync: null,
    isSalvageListed: false,
    oldGenerations: [...emptied.oldGenerations, old],
  }
  const { sync, left } = await finishPage(tx, context, moved, received, notice)
  const touched = touchedBy([...returned, ...left])
  touched.addAll(await listOverlayNames(tx))
  await rebaseOverlay(tx, context, sync.generation, touched.values(), notice)
  for (const { name } of context.schema.collections) notice.collection(name)
}

/** True if records that the snapshot lacks may be lost ones, not deleted ones. */
export function isSalvaging(resync: ResyncState): boolean {
  return resync.reset === 'upload' || resync.cause !== 'expired'
}

import { type CommitResult, DigestBuilder, isSameKey } from 'web-sync-protocol'
import type { Fence, ReceivedPage } from '../contract/index.ts'
import { type AppliedChanges, applyChanges } from './apply-changes.ts'
import type { NoticeBuilder, StoreContext } from './context.ts'
import type { RowKey } from './keys.ts'
import { listOverlayNames, rebaseOverlay, touchedBy } from './overlay-rows.ts'
import { checkDigest, dropCollection, finishPage } from './page-steps.ts'
import type { RecordName } from './record-names.ts'
import { commitToResync } from './resync.ts'
import type { RowWriter } from './row-database.ts'
import type { OutboxRow, SyncRow } from './rows.ts'
import { dropReturned } from './salvage.ts'
import { isFenceOpen, readSyncToWrite } from './sync-row.ts'
import { clearUndo, recordUndo } from './undo-rows.ts'

/**
 * Applies a page in one transaction: fence → base and pre-images → digest → outcomes → journal → overlay rebased → key. Whatever
 * fails leaves key and data as they were (claims 5, 15–17).
 */
export async function commitPage(
  tx: RowWriter,
  context: StoreContext,
  fence: Fence,
  received: ReceivedPage,
  notice: NoticeBuilder,
): Promise<CommitResult> {
  const sync = await readSyncToWrite(tx, context)
  if (!isFenceOpen(sync, fence)) return 'stale'
  const before = { ...sync, partnerId: received.partnerId ?? sync.partnerId }
  notice.touch()
  if (before.resync !== null) await commitToResync(tx, context, before, before.resync, received, notice)
  else await commitToCurrent(tx, context, before, received, notice)
  return 'applied'
}

async function commitToCurrent(
  tx: RowWriter,
  context: StoreContext,
  before: SyncRow,
  received: ReceivedPage,
  notice: NoticeBuilder,
): Promise<void> {
  const { page } = received
  const digest = new DigestBuilder(before.digest)
  const dropped = before.collections.filter((collection) => !page.collections.includes(collection))
  for (const collection of dropped) dropCollection(tx, before.generation, collection, digest)
  const applied = await applyChanges(tx, context.schema, before.generation, page, digest)
  checkDigest(page, digest)

  const isSameStep = before.partnershipId === received.partnershipId && isSameKey(before.syncKey, page.key)
  // A collection that was dropped cannot be brought back from pre-images: the past ends here.
  if (dropped.length > 0) clearUndo(tx)
  else if (!isSameStep) await recordUndo(tx, context, before, page.key.n, applied.preImages)

  const moved = moveKey(before, received, digest, isSameStep)
  const { sync, left } = await finishPage(tx, context, moved, received, notice)
  const records = await findTouched(tx, applied, left, dropped)
  // Before the rebase: where a pending mutation touches a record, its view is the overlay's.
  for (const { collection, id, value } of applied.puts) notice.record(collection, id, value)
  for (const { collection, id } of applied.deletes) notice.record(collection, id, null)
  await rebaseOverlay(tx, context, sync.generation, records, notice)
  for (const collection of dropped) notice.collection(collection)
  await dropReturned(tx, applied.puts, notice)
  forgetInOldGenerations(tx, sync, applied)
}

/** The sync row after a page: the new key, and what it says of the data. */
function moveKey(before: SyncRow, received: ReceivedPage, digest: DigestBuilder, isSameStep: boolean): SyncRow {
  const { page, partnershipId } = received
  const isFork = before.partnershipId !== null && before.partnershipId !== partnershipId
  return {
    ...before,
    partnershipId,
    syncKey: page.key,
    replicaId: received.forkedReplicaId ?? before.replicaId,
    isSettled: page.settled,
    ...(page.settled ? { wasSettled: true } : {}),
    collections: page.collections,
    settledCollections: page.settled
      ? page.collections
      : before.settledCollections.filter((collection) => page.collections.includes(collection)),
    digest: digest.build(),
    step: isSameStep ? before.step : before.nextStep,
    nextStep: isSameStep ? before.nextStep : before.nextStep + 1,
    ancestors: isFork ? [...before.ancestors, before.partnershipId].slice(-MAX_ANCESTORS) : before.ancestors,
    progress: page.settled ? null : (page.progress ?? before.progress),
  }
}

/** Partnerships that are remembered as ancestors; the journal of older ones goes by the retention limit. */
const MAX_ANCESTORS = 64

/** Records whose view may be another one now: pending mutations touch them, and they changed or a mutation left. */
async function findTouched(
  tx: RowWriter,
  applied: AppliedChanges,
  left: readonly OutboxRow[],
  dropped: readonly string[],
): Promise<RecordName[]> {
  const touched = touchedBy(left)
  // Of thousands of names most often none is looked for.
  if ((await tx.count('overlay', null)) > 0) {
    const names = applied.records.map(({ collection, id }): RowKey => [collection, id])
    const overlays = await tx.getMany('overlay', names)
    touched.addAll(overlays.filter((row) => row !== undefined))
  }
  for (const collection of dropped) touched.addAll(await listOverlayNames(tx, collection))
  return touched.values()
}

/** What the partner deletes while an old generation still waits to be searched for lost records was not lost. */
function forgetInOldGenerations(tx: RowWriter, sync: SyncRow, applied: AppliedChanges): void {
  for (const { generation, isSalvaged } of sync.oldGenerations) {
    if (!isSalvaged) continue
    for (const { collection, id } of applied.deletes) tx.delete('base', [generation, collection, id])
  }
}

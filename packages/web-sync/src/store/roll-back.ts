import { type CheckpointName, DigestBuilder, fitRecord, isSameDigest, isSameKey } from 'web-sync-protocol'
import type { Fence } from '../contract/index.ts'
import { restoreImage } from './apply-changes.ts'
import { dropCollection } from './page-steps.ts'
import type { NoticeBuilder, StoreContext } from './context.ts'
import { findCollection } from './index-keys.ts'
import { dropUnrepeatable, returnJournal } from './journal.ts'
import { listOverlayNames, rebaseOverlay, touchedBy } from './overlay-rows.ts'
import { RecordSet } from './record-names.ts'
import type { RowWriter } from './row-database.ts'
import type { BaseRow, KeptStep, PreImage, SyncRow } from './rows.ts'
import { salvageImage } from './salvage.ts'
import { isFenceOpen, readSyncToWrite } from './sync-row.ts'
import { isOffered, readKeptSteps, readWayBack } from './undo-rows.ts'

/** How a rollback ended. */
export type RollbackResult = 'done' | 'stale' | 'unrestorable'

/**
 * Returns base and key to an older checkpoint. Everything is computed before anything is written, so what cannot be restored is known
 * while nothing has changed. The present key is a legal goal: nothing is to be done then.
 */
export async function rollBack(
  tx: RowWriter,
  context: StoreContext,
  fence: Fence,
  to: CheckpointName,
  notice: NoticeBuilder,
): Promise<RollbackResult> {
  const sync = await readSyncToWrite(tx, context)
  if (!isFenceOpen(sync, fence)) return 'stale'
  if (sync.resync !== null) return 'unrestorable'
  if (isOffered(sync) && sync.partnershipId === to.partnershipId && isSameKey(sync.syncKey, to)) return 'done'
  const steps = await readKeptSteps(tx)
  const target = steps.find((step) => step.partnershipId === to.partnershipId && isSameKey(step.syncKey, to))
  if (target === undefined) return 'unrestorable'
  const images = await readWayBack(tx, steps, target)
  if (images === null) return 'unrestorable'
  const present = await tx.getMany(
    'base',
    images.map(([collection, id]) => [sync.generation, collection, id]),
  )
  if (!isRestorable(sync, target, images, present)) return 'unrestorable'
  await restore(tx, context, sync, target, images, present, notice)
  removeSteps(tx, steps, target)
  return 'done'
}

/** True if the images lead to exactly the data that the checkpoint stands for. */
function isRestorable(
  sync: SyncRow,
  target: KeptStep,
  images: readonly PreImage[],
  present: readonly (BaseRow | undefined)[],
): boolean {
  const digest = new DigestBuilder(sync.digest)
  for (const [index, [collection, , image]] of images.entries()) {
    digest.replace(collection, present[index]?.version ?? null, image?.version ?? null)
  }
  return isSameDigest(digest.build(), target.digest, target.collections)
}

async function restore(
  tx: RowWriter,
  context: StoreContext,
  sync: SyncRow,
  target: KeptStep,
  images: readonly PreImage[],
  present: readonly (BaseRow | undefined)[],
  notice: NoticeBuilder,
): Promise<void> {
  const digest = new DigestBuilder(sync.digest)
  const added = sync.collections.filter((collection) => !target.collections.includes(collection))
  for (const collection of added) {
    dropCollection(tx, sync.generation, collection, digest)
    notice.collection(collection)
  }
  for (const [index, image] of images.entries()) {
    // Of a collection that has gone as a whole there is nothing to put back, and its digest has gone with it.
    if (added.includes(image[0])) continue
    restoreImage(tx, sync.generation, image, present[index] ?? null, digest)
    const [collection, id, record] = image
    // It may have been kept under an earlier version.
    notice.record(collection, id, record && fitRecord(findCollection(context.schema, collection), record.value))
  }
  const limited = await dropUnrepeatable(tx, sync, context.nowMs(), target.step, notice)
  const { sync: emptied, returned } = await returnJournal(tx, limited, target.step, notice)
  const ancestor = emptied.ancestors.indexOf(target.partnershipId)
  tx.put('meta', {
    ...emptied,
    partnershipId: target.partnershipId,
    syncKey: target.syncKey,
    isSettled: true,
    collections: target.collections,
    settledCollections: target.collections,
    digest: digest.build(),
    step: target.step,
    ancestors: ancestor === -1 ? emptied.ancestors : emptied.ancestors.slice(0, ancestor),
    progress: null,
    isSalvageListed: false,
  })
  // The returned mutations are in the outbox by now: what they make again is not lost.
  for (const [index, [, , image]] of images.entries()) {
    const taken = present[index]
    if (taken === undefined) continue
    const restored = added.includes(taken.collection) ? null : image
    if (taken.version !== restored?.version) await salvageImage(tx, taken, restored, context)
  }
  const touched = touchedBy(returned)
  const changed = new RecordSet()
  changed.addAll(images.map(([collection, id]) => ({ collection, id })))
  for (const record of await listOverlayNames(tx)) {
    if (changed.has(record) || added.includes(record.collection)) touched.add(record)
  }
  await rebaseOverlay(tx, context, sync.generation, touched.values(), notice)
  notice.touch()
}

/** The goal is the present key now, and what came after it did not happen. */
function removeSteps(tx: RowWriter, steps: readonly KeptStep[], target: KeptStep): void {
  const kept = steps.filter((step) => step.step < target.step)
  tx.deleteRange('undo', { lower: target.step, upper: Number.MAX_SAFE_INTEGER })
  tx.put('meta', { key: 'checkpoints', list: kept })
}

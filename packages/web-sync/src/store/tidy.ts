import { versionNumber } from 'web-sync-protocol'
import type { NoticeBuilder, StoreContext } from './context.ts'
import { type RowKey, type RowKeyRange, prefixRange } from './keys.ts'
import type { PackedWriter } from './packed/packed-writer.ts'
import { keepWarm, type WarmRecords } from './packed/warm-records.ts'
import type { RowWriter } from './row-database.ts'
import type { BaseRow, OldGeneration, SyncRow } from './rows.ts'
import { salvageImage } from './salvage.ts'
import { readSyncToWrite } from './sync-row.ts'

/** Rows that one step looks at: short enough not to hold up a local write for long. */
const TIDY_BATCH = 500

/**
 * One short step of tidying up; true if more is left. Old generations go; of one that a full resync left, those records that the new
 * generation lacks go to salvage first. Then runs of packs are merged, and at last {@link keepWarm}. A step that did not complete is simply done again.
 */
export async function tidyStep(
  tx: PackedWriter,
  context: StoreContext,
  notice: NoticeBuilder,
  warm: WarmRecords,
): Promise<boolean> {
  const sync = await readSyncToWrite(tx, context)
  const [old, ...others] = sync.oldGenerations
  if (old === undefined) return tidyPacks(tx, context, warm)
  const after = old.isSalvaged ? await salvageStep(tx, context, sync, old, notice) : null
  if (after === null) tx.deleteRange('base', prefixRange(old.generation))
  tx.put('meta', { ...sync, oldGenerations: after === null ? others : [{ ...old, after }, ...others] })
  if (after !== null || others.length > 0) return true
  return tidyPacks(tx, context, warm)
}

async function tidyPacks(tx: PackedWriter, context: StoreContext, warm: WarmRecords): Promise<boolean> {
  if (await tx.tidyPacks()) return true
  await keepWarm(tx, warm, context.nowMs())
  return false
}

/** Looks at the next rows of an old generation; returns the key of the last one; null: there are no more. */
async function salvageStep(
  tx: RowWriter,
  context: StoreContext,
  sync: SyncRow,
  { generation, after = null }: OldGeneration,
  notice: NoticeBuilder,
): Promise<RowKey | null> {
  const all = prefixRange(generation)
  const range: RowKeyRange = after === null ? all : { ...all, lower: after, isLowerOpen: true }
  const rows = await tx.list('base', { range, limit: TIDY_BATCH })
  const present = await tx.getMany(
    'base',
    rows.map(({ collection, id }): RowKey => [sync.generation, collection, id]),
  )
  for (const [index, row] of rows.entries()) {
    // A collection that the partner does not send any more was left out on purpose.
    if (!sync.collections.includes(row.collection)) continue
    const now = present[index] ?? null
    if (now === null || isOlder(now, row)) await salvageImage(tx, row, now, context)
  }
  const last = rows.at(-1)
  if (last === undefined) return null
  notice.touch()
  return rows.length < TIDY_BATCH ? null : [last.generation, last.collection, last.id]
}

/** The partner's record is older than the one that was held: a later write to it was lost. */
function isOlder(now: BaseRow, held: BaseRow): boolean {
  return versionNumber(now.version) < versionNumber(held.version)
}

import { versionNumber } from 'sync-protocol'
import type { ChangeLog, StoreContext } from './context.ts'
import { type RowKey, prefixRange } from './keys.ts'
import type { RowWriter } from './row-database.ts'
import type { BaseRow, OldGeneration, SyncRow } from './rows.ts'
import { salvageImage } from './salvage.ts'
import { readSyncToWrite } from './sync-row.ts'

/** Rows that one step removes: short enough not to hold up a local write for long. */
const TIDY_BATCH = 500

/**
 * One short step of tidying up; true if more is left. Old generations lose their first rows; of one that a full resync left, those
 * that the new generation lacks go to salvage in the same transaction. A step that did not complete is simply done again.
 */
export async function tidyStep(tx: RowWriter, context: StoreContext, log: ChangeLog): Promise<boolean> {
  const sync = await readSyncToWrite(tx, context)
  const [old, ...others] = sync.oldGenerations
  if (old === undefined) return false
  const isEmpty = old.isSalvaged ? await salvageStep(tx, context, sync, old, log) : await removeStep(tx, old)
  if (isEmpty) tx.put('meta', { ...sync, oldGenerations: others })
  return !isEmpty || others.length > 0
}

async function removeStep(tx: RowWriter, old: OldGeneration): Promise<boolean> {
  const range = prefixRange(old.generation)
  const keys = await tx.listKeys('base', range, TIDY_BATCH)
  const last = keys.at(-1)
  if (last !== undefined) tx.deleteRange('base', { lower: range.lower, upper: last })
  return keys.length < TIDY_BATCH
}

async function salvageStep(
  tx: RowWriter,
  context: StoreContext,
  sync: SyncRow,
  old: OldGeneration,
  log: ChangeLog,
): Promise<boolean> {
  const range = prefixRange(old.generation)
  const rows = await tx.list('base', { range, limit: TIDY_BATCH })
  const present = await tx.getMany(
    'base',
    rows.map(({ collection, id }): RowKey => [sync.generation, collection, id]),
  )
  for (const [index, row] of rows.entries()) {
    // A collection that the partner does not send any more was left out on purpose.
    if (!sync.collections.includes(row.collection)) continue
    const now = present[index] ?? null
    if (now === null || isOlder(now, row)) await salvageImage(tx, row, now, context.nowMs())
  }
  const last = rows.at(-1)
  if (last !== undefined) {
    tx.deleteRange('base', { lower: range.lower, upper: [old.generation, last.collection, last.id] })
    log.touch()
  }
  return rows.length < TIDY_BATCH
}

/** The partner's record is older than the one that was held: a later write to it was lost. */
function isOlder(now: BaseRow, held: BaseRow): boolean {
  return versionNumber(now.version) < versionNumber(held.version)
}

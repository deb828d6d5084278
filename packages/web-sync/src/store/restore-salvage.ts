import { LIMITS } from 'web-sync-protocol'
import type { LocalOp } from '../contract/index.ts'
import type { NoticeBuilder, StoreContext } from './context.ts'
import { findMutation } from './mutations.ts'
import { checkLocalOps } from './prepare-ops.ts'
import { type RecordName, RecordSet } from './record-names.ts'
import type { RowReader, RowWriter } from './row-database.ts'
import type { SalvageRow } from './rows.ts'
import { listImages, listSalvageRows, salvageKey } from './salvage.ts'
import { estimateBytes } from './sizes.ts'
import { readSyncToWrite } from './sync-row.ts'
import { readView, storeMutation } from './write-local.ts'

/** Room in a mutation for each operation's names. */
const OP_BYTES = 1_024

/**
 * Writes salvaged records anew, as one mutation; the newest image of each. One whose id is taken stays, and so do those that do not
 * fit into one mutation: they can be restored by another. Returns how many were restored.
 */
export async function restoreSalvage(
  tx: RowWriter,
  context: StoreContext,
  mutationId: string,
  entries: readonly RecordName[] | 'all',
  notice: NoticeBuilder,
): Promise<number> {
  const sync = await readSyncToWrite(tx, context)
  const done = await findMutation(tx, mutationId)
  // Asked again after a worker died: the same answer.
  if (done !== null) return 'ops' in done.row ? done.row.ops.length : 0
  const restored: SalvageRow[] = []
  const names = new RecordSet()
  let bytes = 0
  for (const row of await selectSalvage(tx, entries)) {
    if (restored.length >= LIMITS.opsPerMutation) break
    if (names.has(row) || (await readView(tx, sync, row)) !== null || !isDeclared(context, row)) continue
    // Three bytes for each UTF-16 unit at most.
    bytes += 3 * estimateBytes(row.value) + OP_BYTES
    if (restored.length > 0 && bytes > LIMITS.mutationBytes) break
    names.add(row)
    restored.push(row)
  }
  if (restored.length === 0) return 0
  const ops = restored.map(({ collection, id, value }): LocalOp => ({ op: 'insert', collection, id, value }))
  await storeMutation(tx, context, sync, mutationId, checkLocalOps(context, ops), notice)
  for (const row of restored) tx.delete('salvage', salvageKey(row))
  return restored.length
}

/** Gives up salvaged images. */
export async function discardSalvage(
  tx: RowWriter,
  context: StoreContext,
  entries: readonly RecordName[] | 'all',
  notice: NoticeBuilder,
): Promise<void> {
  await readSyncToWrite(tx, context)
  for (const row of await selectSalvage(tx, entries)) tx.delete('salvage', salvageKey(row))
  notice.touch()
}

async function selectSalvage(tx: RowReader, entries: readonly RecordName[] | 'all'): Promise<SalvageRow[]> {
  if (entries === 'all') return listSalvageRows(tx)
  const rows: SalvageRow[] = []
  for (const entry of entries) rows.push(...(await listImages(tx, entry)))
  return rows.toSorted((a, b) => b.salvagedAtMs - a.salvagedAtMs)
}

function isDeclared(context: StoreContext, row: SalvageRow): boolean {
  return context.schema.collections.some((collection) => collection.name === row.collection)
}

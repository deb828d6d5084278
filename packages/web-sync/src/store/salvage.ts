import { type Change, isEqualJson, rebaseRecord } from 'web-sync-protocol'
import type { SalvageEntry } from '../contract/index.ts'
import type { NoticeBuilder, StoreContext } from './context.ts'
import { findCollection } from './index-keys.ts'
import { type RowKey, prefixRange } from './keys.ts'
import { listTouching, opsOn } from './overlay-rows.ts'
import { type RowReader, type RowWriter, listAll } from './row-database.ts'
import type { BaseRow, SalvageRow } from './rows.ts'

/**
 * Puts an image that was taken away into salvage, unless own pending mutations make it again: then it is on its way. An own mutation
 * that was merged into a colleague's write does not make the colleague's part again, so that image is kept too.
 *
 * @param restored what base has of the record now; null: nothing
 */
export async function salvageImage(
  tx: RowWriter,
  image: BaseRow,
  restored: Pick<BaseRow, 'value'> | null,
  context: Pick<StoreContext, 'schema' | 'nowMs'>,
): Promise<void> {
  if (restored !== null && isEqualJson(restored.value, image.value)) return
  if (await isMadeAgain(tx, image, restored, context)) return
  const { collection, id, version, value } = image
  tx.put('salvage', { collection, id, version, value, salvagedAtMs: context.nowMs() })
}

async function isMadeAgain(
  tx: RowReader,
  image: BaseRow,
  restored: Pick<BaseRow, 'value'> | null,
  { schema }: Pick<StoreContext, 'schema'>,
): Promise<boolean> {
  if (image.mutationId === null) return false
  const pending = await listTouching(tx, image)
  const last = pending.findIndex((row) => row.mutationId === image.mutationId)
  if (last === -1) return false
  const again = rebaseRecord(
    restored?.value ?? null,
    opsOn(image, pending.slice(0, last + 1)),
    findCollection(schema, image.collection),
  )
  return again !== null && isEqualJson(again, image.value)
}

/** Images leave salvage when the partner sends the record with equal fields. */
export async function dropReturned(
  tx: RowWriter,
  puts: readonly Extract<Change, { type: 'put' }>[],
  notice: NoticeBuilder,
): Promise<void> {
  if ((await tx.listKeys('salvage', null, 1)).length === 0) return
  const images = await Promise.all(puts.map((put) => listImages(tx, put)))
  for (const [index, put] of puts.entries()) {
    for (const row of images[index] ?? []) {
      if (!isEqualJson(row.value, put.value)) continue
      tx.delete('salvage', salvageKey(row))
      notice.touch()
    }
  }
}

/** All images in salvage, by collection and id, newest first. */
export async function listSalvageRows(tx: RowReader): Promise<SalvageRow[]> {
  const rows = await listAll(tx, 'salvage', { lower: [], upper: prefixRange().upper }, salvageKey)
  return rows.toSorted((a, b) => b.salvagedAtMs - a.salvagedAtMs)
}

/** The images of one record. */
export function listImages(
  tx: RowReader,
  record: { readonly collection: string; readonly id: string },
): Promise<SalvageRow[]> {
  return tx.list('salvage', { range: prefixRange(record.collection, record.id), limit: Number.MAX_SAFE_INTEGER })
}

/** The key of an image. */
export function salvageKey(row: SalvageRow): RowKey {
  return [row.collection, row.id, row.version]
}

/** An image as the app sees it. */
export function salvageToEntry({ collection, id, value, version, salvagedAtMs }: SalvageRow): SalvageEntry {
  return { collection, id, value, version, salvagedAtMs }
}

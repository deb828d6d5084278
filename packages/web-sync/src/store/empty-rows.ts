import { GroupedRows } from './grouped/grouped-rows.ts'
import type { RowDatabase } from './row-database.ts'
import { STORE_NAMES } from './rows.ts'

/** When a store is emptied: not at all (it is only counted), if nothing of it is unsent, or in any case. */
export type EmptyWhen = 'never' | 'if-sent' | 'always'

/**
 * Counts the writes that the partner has not accepted, refused ones included, and empties the store, in one transaction: no write can
 * be stored between the look and the deed, and whoever has the store open cannot write any more afterwards.
 */
export function emptyRows(database: RowDatabase, when: EmptyWhen): Promise<number> {
  return database.write('strict', async (tx) => {
    const rows = await new GroupedRows().begin(tx)
    const counts = await Promise.all([rows.count('outbox', null), rows.count('refused', null)])
    const unsent = counts[0] + counts[1]
    if (when === 'always' || (when === 'if-sent' && unsent === 0)) for (const name of STORE_NAMES) tx.clear(name)
    return unsent
  })
}

import type { IDBPDatabase, IDBPTransaction } from 'idb'
import { type GroupChange, encodeGroups } from '../grouped/group-text.ts'
import { keyOf } from '../grouped/grouped-writer.ts'
import { GROUPED_NAMES } from '../rows.ts'

/**
 * Groups the rows of the small stores, which had a row each up to the second layout; their stores go. Part of the upgrade's own
 * transaction: unsent writes are either all where they were, or all in groups.
 */
export async function groupOldRows(
  db: IDBPDatabase,
  tx: IDBPTransaction<unknown, string[], 'versionchange'>,
): Promise<void> {
  const lists = await Promise.all(
    GROUPED_NAMES.map(async (name) => {
      const rows = await tx.objectStore(name).getAll()
      return rows.map((row): GroupChange => [name, keyOf(name, row), row])
    }),
  )
  const groups = encodeGroups(lists.flat(), 1)
  await Promise.all(groups.map((group) => tx.objectStore('groups').put(group)))
  for (const name of GROUPED_NAMES) db.deleteObjectStore(name)
}

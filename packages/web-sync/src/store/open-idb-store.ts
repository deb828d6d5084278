import type { Store, StoreOptions } from '../contract/index.ts'
import { carryOver, noteCarried } from './carry-over.ts'
import { createStore } from './create-store.ts'
import { makeDbName } from './db-name.ts'
import { openOldDatabase } from './idb/old-database.ts'
import { type IdbStoreEnvironment, openIdbRows } from './idb/open-idb-rows.ts'
import { toContext } from './runner.ts'
import { idOf } from './sync-row.ts'

/**
 * Opens the store of an account's space in IndexedDB; creates it if it is not there.
 *
 * A database that the browser closed is opened again; if it was emptied meanwhile (eviction), the store begins anew and its summary
 * says so. One that stays broken is replaced by a fresh one, with what the app wrote as far as it can be read; the summary's `recovery`
 * says what was done. Errors: account-mismatch, newer-schema, quota-exceeded, storage-failed, storage-blocked, storage-forbidden.
 */
export async function openIdbStore(options: StoreOptions, environment: IdbStoreEnvironment): Promise<Store> {
  const context = toContext(options, environment)
  const { onNotice, onReopened = () => undefined } = options
  const database = await openIdbRows(context, environment, {
    carryOver: {
      carry: (old, to) => {
        const movedTo = old.isFormer ? makeDbName(idOf(context)) : undefined
        return carryOver(old.name, () => openOldDatabase(old.name, old.age, movedTo), to, context, onNotice)
      },
      note: (to, note) => noteCarried(to, context, onNotice, note),
    },
    onReopened,
  })
  return createStore(database, context, onNotice)
}

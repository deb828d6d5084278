import type { Store, StoreOptions } from '../contract/index.ts'
import { createStore } from './create-store.ts'
import { type IdbStoreEnvironment, openIdbRows } from './idb/open-idb-rows.ts'
import { toContext } from './runner.ts'

/**
 * Opens the store of an account's space in IndexedDB; creates it if it is not there.
 *
 * A database that the browser closed is opened again; if it was emptied meanwhile (eviction), the store begins anew and its summary
 * says so. Errors: account-mismatch, newer-schema, quota-exceeded, storage-failed.
 */
export async function openIdbStore(options: StoreOptions, environment: IdbStoreEnvironment): Promise<Store> {
  const context = toContext(options, environment)
  return createStore(await openIdbRows(context, environment), context, options.onNotice)
}

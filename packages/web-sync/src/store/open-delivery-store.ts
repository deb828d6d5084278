import type { DeliveryStore, StoreOptions } from '../contract/index.ts'
import { createSyncStore } from './create-sync-store.ts'
import { type IdbStoreEnvironment, openIdbRows } from './idb/open-idb-rows.ts'
import { readSummary } from './inspect.ts'
import { createRunner, toContext } from './runner.ts'

/**
 * Opens the same store as openIdbStore for a host that only delivers: without queries, local writes and lists, which are a
 * quarter of the code, and a service worker is loaded anew for each event. Errors: as there; and `closed` if there is no such store:
 * what was removed from the device a moment ago must not be fetched again, and what the browser has evicted is the page's to notice.
 */
export async function openDeliveryStore(
  options: StoreOptions,
  environment: IdbStoreEnvironment,
): Promise<DeliveryStore> {
  const context = toContext(options, environment)
  const database = await openIdbRows(context, environment, true)
  const run = createRunner(database, context, options.onNotice)
  return {
    ...createSyncStore(run, context),
    readSummary: () => run.read(readSummary),
    close: () => database.close(),
  }
}

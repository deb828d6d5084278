import type { DeliveryStore, StoreOptions } from '../contract/index.ts'
import { createSyncStore } from './create-sync-store.ts'
import type { StoreContext } from './context.ts'
import { makeDbName } from './db-name.ts'
import { listIncarnations, nameIncarnation } from './idb/incarnations.ts'
import { openIdbDatabase } from './idb/idb-database.ts'
import type { IdbStoreEnvironment } from './idb/open-idb-rows.ts'
import { openRows } from './open-rows.ts'
import type { RowDatabase } from './row-database.ts'
import { readSummary } from './inspect.ts'
import { createRunner, toContext } from './runner.ts'
import { idOf } from './sync-row.ts'

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
  const name = makeDbName(idOf(context))
  const newest = Math.max(1, ...(await listIncarnations(name, environment.startTimer)))
  const database = await openIdbDatabase({ ...environment, name: nameIncarnation(name, newest), mustExist: true })
  try {
    return await openDelivery(database, context, newest, options.onNotice)
  } catch (error) {
    database.drop()
    throw error
  }
}

/** A store over opened rows, as it is: where it is broken, a tab mends it (openLastingDatabase), and the next event finds the mended one. None is made: 'closed'. */
export async function openDelivery(
  database: RowDatabase,
  context: StoreContext,
  age: number,
  onNotice: StoreOptions['onNotice'],
): Promise<DeliveryStore> {
  await openRows(database, context, { age, evictedAtMs: null, recovery: null, isEmptied: true })
  const run = createRunner(database, context, onNotice)
  return {
    ...createSyncStore(run, context),
    readSummary: () => run.read(readSummary),
    close: () => database.close(),
  }
}

import type { Store, StoreOptions } from '../contract/index.ts'
import type { StoreEnvironment } from './context.ts'
import { createStore, toContext } from './create-store.ts'
import { makeDbName } from './db-name.ts'
import { openIdbDatabase } from './idb/idb-database.ts'
import { openRows } from './open-rows.ts'

/** Time and chance, and how long a transaction may make no progress. */
export interface IdbStoreEnvironment extends StoreEnvironment {
  /** Default 10,000. */
  readonly watchdogMs?: number
  /** Starts a timer; returns what stops it. Default: the platform's. */
  readonly startTimer?: (ms: number, fire: () => void) => () => void
}

/**
 * Opens the store of an account's space in IndexedDB; creates it if it is not there.
 *
 * A database that the browser closed is opened again; if it was emptied meanwhile (eviction), the store begins anew and its summary
 * says so. Errors: account-mismatch, newer-schema, quota-exceeded, storage-failed.
 */
export async function openIdbStore(options: StoreOptions, environment: IdbStoreEnvironment): Promise<Store> {
  const context = toContext(options, environment)
  const database = await openIdbDatabase({
    name: await makeDbName(options.account, options.space),
    watchdogMs: environment.watchdogMs,
    startTimer: environment.startTimer,
    // Rows without their first one were evicted: this store had written it.
    onReopened: (reopened) => openRows(reopened, context, context.nowMs()),
  })
  try {
    await openRows(database, context, null)
  } catch (error) {
    await database.close()
    throw error
  }
  return createStore(database, context, options.onNotice)
}

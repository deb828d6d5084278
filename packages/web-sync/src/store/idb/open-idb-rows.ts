import type { StoreContext, StoreEnvironment } from '../context.ts'
import { makeDbName } from '../db-name.ts'
import { openRows } from '../open-rows.ts'
import type { RowDatabase } from '../row-database.ts'
import { openIdbDatabase } from './idb-database.ts'

/** Time and chance, and how long a transaction may make no progress. */
export interface IdbStoreEnvironment extends StoreEnvironment {
  /** Default 10,000. */
  readonly watchdogMs?: number
  /** Starts a timer; returns what stops it. Default: the platform's. */
  readonly startTimer?: (ms: number, fire: () => void) => () => void
}

/** Opens the rows of an account's space in IndexedDB, fit for the schema; see {@link openRows}. */
export async function openIdbRows(context: StoreContext, environment: IdbStoreEnvironment): Promise<RowDatabase> {
  const database = await openIdbDatabase({
    name: await makeDbName(context.account, context.space),
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
  return database
}

import type { StoreContext, StoreEnvironment } from '../context.ts'
import { makeDbName } from '../db-name.ts'
import { openRows } from '../open-rows.ts'
import type { RowDatabase } from '../row-database.ts'
import { closedError } from '../runner.ts'
import { readMeta } from '../sync-row.ts'
import { openIdbDatabase } from './idb-database.ts'

/** Time and chance, and how long a transaction may make no progress. */
export interface IdbStoreEnvironment extends StoreEnvironment {
  /** Default 10,000. */
  readonly watchdogMs?: number
  /** Starts a timer; returns what stops it. Default: the platform's. */
  readonly startTimer?: (ms: number, fire: () => void) => () => void
}

/**
 * Opens the rows of an account's space in IndexedDB, fit for the schema; see {@link openRows}. `mustExist`: one that is not there is not
 * made; error 'closed'.
 */
export async function openIdbRows(
  context: StoreContext,
  environment: IdbStoreEnvironment,
  mustExist = false,
): Promise<RowDatabase> {
  const database = await openIdbDatabase({
    name: await makeDbName(context.account, context.space),
    mustExist,
    watchdogMs: environment.watchdogMs,
    startTimer: environment.startTimer,
    // Rows without their first one were evicted: this store had written it.
    onReopened: (reopened) => openRows(reopened, context, context.nowMs()),
  })
  try {
    if (mustExist && (await database.read((tx) => readMeta(tx, 'sync'))) === undefined) throw closedError()
    await openRows(database, context, null)
  } catch (error) {
    await database.close()
    throw error
  }
  return database
}

import type { StoreContext, StoreEnvironment } from '../context.ts'
import { makeDbName } from '../db-name.ts'
import { openRows } from '../open-rows.ts'
import type { RowDatabase } from '../row-database.ts'
import { idOf } from '../sync-row.ts'
import { type LastingOptions, openLastingDatabase } from './lasting-database.ts'

/** Time and chance, and how long a transaction may make no progress. */
export interface IdbStoreEnvironment extends StoreEnvironment {
  /** Default 10,000. */
  readonly watchdogMs?: number
  /** Starts a timer; returns what stops it. Default: the platform's. */
  readonly startTimer?: (ms: number, fire: () => void) => () => void
}

/**
 * Opens the rows of an account's space in IndexedDB, fit for the schema; see {@link openLastingDatabase} and {@link openRows}.
 */
export async function openIdbRows(
  context: StoreContext,
  environment: IdbStoreEnvironment,
  mending: Pick<LastingOptions, 'carryOver' | 'onReopened'>,
): Promise<RowDatabase> {
  return openLastingDatabase({
    name: makeDbName(idOf(context)),
    watchdogMs: environment.watchdogMs,
    startTimer: environment.startTimer,
    nowMs: () => context.nowMs(),
    prepare: (database, news) => openRows(database, context, news),
    ...mending,
  })
}

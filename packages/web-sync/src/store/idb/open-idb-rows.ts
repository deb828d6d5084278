import type { StoreContext, StoreEnvironment } from '../context.ts'
import { formerIds } from '../../contract/index.ts'
import { makeDbName } from '../db-name.ts'
import { openRows, UnfinishedCopyError } from '../open-rows.ts'
import type { RowDatabase } from '../row-database.ts'
import { idOf } from '../sync-row.ts'
import { type LastingOptions, openLastingDatabase } from './lasting-database.ts'
import { takeFormer } from './take-former.ts'

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
  const { watchdogMs, startTimer } = environment
  const name = makeDbName(idOf(context))
  const formerNames = formerIds(idOf(context)).map(makeDbName)
  return openLastingDatabase({
    name,
    formerNames,
    watchdogMs,
    startTimer,
    nowMs: () => context.nowMs(),
    prepare: async (database, news) => {
      const take = (): Promise<void> =>
        takeFormer({ database, storeName: name }, formerNames, context, { watchdogMs, startTimer })
      // A substitute has nothing to copy: it gets what was written.
      if (formerNames.length > 0 && news.recovery === null) await take()
      try {
        await openRows(database, context, news)
      } catch (error) {
        if (!(error instanceof UnfinishedCopyError)) throw error
        await take()
        await openRows(database, context, news)
      }
    },
    ...mending,
  })
}

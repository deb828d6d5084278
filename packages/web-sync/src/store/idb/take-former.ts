import { copyStore, dropCopy, findUnfinished, type FormerDatabase, type HeirDatabase } from '../copy-store.ts'
import type { StoreContext } from '../context.ts'
import type { RowDatabase } from '../row-database.ts'
import { SyncError } from '../../contract/index.ts'
import { listIncarnations, nameIncarnation } from './incarnations.ts'
import { type IdbDatabaseOptions, openIdbDatabase } from './idb-database.ts'
import { isBroken, isFull } from './idb-errors.ts'

/** The store of a former address is there and could not be copied. `cause`: why. What was written there is carried over instead. */
export class FormerError extends Error {
  override readonly name = 'FormerError'
}

/** How the browser is waited for. */
type Patience = Omit<IdbDatabaseOptions, 'name'>

/**
 * Fills a database that has no store yet with the one that the same account had at a former address of the partner, and goes on with a
 * copy that did not come to its end. Does nothing if there is none. Errors: {@link FormerError}; of the new database; `newer-schema`,
 * `older-layout`, `storage-blocked` of the former one.
 *
 * @param formerNames names of stores at former addresses, the first one that is there counts
 */
export async function takeFormer(
  heir: HeirDatabase,
  formerNames: readonly string[],
  context: StoreContext,
  patience: Patience,
): Promise<void> {
  const { isStore, from } = await findUnfinished(heir.database)
  if (isStore) return
  for (const storeName of new Set([...(from === null ? [] : [from]), ...formerNames])) {
    if (await takeOne(heir, storeName, context, patience)) return
  }
  if (from !== null) await dropCopy(heir)
}

async function takeOne(
  heir: HeirDatabase,
  storeName: string,
  context: StoreContext,
  patience: Patience,
): Promise<boolean> {
  const newest = (await listIncarnations(storeName, patience.startTimer)).at(-1)
  if (newest === undefined) return false
  const name = nameIncarnation(storeName, newest)
  const failures: unknown[] = []
  try {
    const database = await openIdbDatabase({ ...patience, name, mustExist: true }).catch(noting(failures))
    try {
      const former: FormerDatabase = { storeName, name, database: watched(database, failures) }
      return (await copyStore(former, heir, context)) === 'copied'
    } finally {
      database.drop()
    }
  } catch (error) {
    // Removed in the last moment.
    if (error instanceof SyncError && error.code === 'closed') return false
    if (isFull(error) || (failures.includes(error) && isBroken(error)))
      throw new FormerError('not copied', { cause: error })
    throw error
  }
}

/** The same rows; what fails there is noted, to tell it from failures of the new database. */
function watched(database: RowDatabase, failures: unknown[]): RowDatabase {
  return {
    read: (work) => database.read(work).catch(noting(failures)),
    write: (...args) => database.write(...args).catch(noting(failures)),
    close: () => database.close(),
  }
}

function noting(failures: unknown[]): (error: unknown) => never {
  return (error) => {
    failures.push(error)
    throw error
  }
}

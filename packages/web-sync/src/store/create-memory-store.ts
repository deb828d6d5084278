import type { Store, StoreOptions } from '../contract/index.ts'
import type { StoreEnvironment } from './context.ts'
import { createStore } from './create-store.ts'
import { type MemoryDatabase, createMemoryDatabase } from './memory/memory-database.ts'
import { type OpeningNews, openRows } from './open-rows.ts'
import type { RowDatabase } from './row-database.ts'
import { closedError, toContext } from './runner.ts'

/**
 * Opens a store in memory: same rows, same logic, no disk. Stores on one `database` are tabs of one device; its `copy()` is a cloned
 * profile, or the past that a power loss returns to. Default: a database of its own. Closing the store leaves the database.
 *
 * `news`: what is special about the opening. Default: it is the first database of its store.
 *
 * Errors: account-mismatch, newer-schema.
 */
export async function createMemoryStore(
  options: StoreOptions,
  environment: StoreEnvironment,
  database: MemoryDatabase = createMemoryDatabase(),
  news: Partial<OpeningNews> = {},
): Promise<Store> {
  const context = toContext(options, environment)
  const handle = createHandle(database)
  await openRows(handle, context, { age: 1, evictedAtMs: null, recovery: null, isEmptied: false, ...news })
  return createStore(handle, context, options.onNotice)
}

/** One tab's handle: closing it does not close the others'. */
function createHandle(database: MemoryDatabase): RowDatabase {
  let isClosed = false
  return {
    read: (work) => (isClosed ? Promise.reject(closedError()) : database.read(work)),
    write: (durability, work, onComplete) =>
      isClosed ? Promise.reject(closedError()) : database.write(durability, work, onComplete),
    close: async () => {
      isClosed = true
      await database.read(() => Promise.resolve())
    },
  }
}

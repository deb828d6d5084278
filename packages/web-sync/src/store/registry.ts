import { type DBSchema, type IDBPDatabase, deleteDB, openDB } from 'idb'
import { type StoreId, SyncError } from '../contract/index.ts'
import { type EmptyWhen, emptyRows } from './empty-rows.ts'
import { openIdbDatabase } from './idb/idb-database.ts'
import { toSyncError } from './idb/idb-errors.ts'
import { createMutex } from './fifo-mutex.ts'
import { listGenerations, nameGeneration } from './idb/generations.ts'

/** A store on this device, as the service worker needs to know it. */
interface RegistryEntry extends StoreId {
  readonly dbName: string
  /** True: the account has signed out and its unsent writes were kept; nothing is sent until a page opens the store again. */
  readonly isRetired: boolean
  /** Default: 'same-origin'. */
  readonly credentials?: 'same-origin' | 'include'
  /** True if the page signs its requests by headers: a service worker that cannot must leave the store alone. Default: false. */
  readonly usesAuth?: boolean
  readonly schemaVersion: number
  /** Milliseconds since 1970. */
  readonly lastOpenedMs: number
}

/** All stores of this device. */
export interface Registry {
  /** Most recently opened first. */
  list(): Promise<RegistryEntry[]>
  /** Adds or replaces the entry of its database. */
  put(entry: RegistryEntry): Promise<void>
  remove(dbName: string): Promise<void>
  close(): void
}

interface RegistrySchema extends DBSchema {
  stores: { key: string; value: RegistryEntry }
}

const REGISTRY_NAME = 'web-sync-registry'

/** Opens the list of this device's stores. Errors: quota-exceeded, storage-failed. */
export async function openRegistry(): Promise<Registry> {
  const mutex = createMutex()
  let opened: Promise<IDBPDatabase<RegistrySchema>> | null = openRegistryDb()
  // What the browser closed, or another context's upgrade, is opened again by the next use.
  function openRegistryDb(): Promise<IDBPDatabase<RegistrySchema>> {
    return openDB<RegistrySchema>(REGISTRY_NAME, 1, {
      upgrade: (db) => void db.createObjectStore('stores', { keyPath: 'dbName' }),
      blocking: (_from, _to, event) => {
        opened = null
        ;(event.target as IDBDatabase).close()
      },
      terminated: () => {
        opened = null
      },
    })
  }
  const use = <T>(work: (db: IDBPDatabase<RegistrySchema>) => Promise<T>): Promise<T> =>
    mutex.run(async () => {
      try {
        opened ??= openRegistryDb()
        return await work(await opened)
      } catch (error) {
        throw toSyncError(error)
      }
    })
  await use(() => Promise.resolve())
  return {
    list: async () => {
      const entries = await use((db) => db.getAll('stores'))
      return entries.toSorted((a, b) => b.lastOpenedMs - a.lastOpenedMs)
    },
    put: async (entry) => {
      await use((db) => db.put('stores', entry))
    },
    remove: (dbName) => use((db) => db.delete('stores', dbName)),
    close: () => {
      void opened?.then((db) => db.close())
      opened = null
    },
  }
}

/**
 * Wipes a store from this device, unsent writes and databases that it has left behind included: open stores of it, in any context, stand aside and answer 'closed'.
 * Resolves when the database is gone. Errors: storage-failed.
 */
export async function deleteStore(dbName: string): Promise<void> {
  try {
    // The one in use first: whoever has it open finds no newer one, and knows that it was wiped.
    const generations = new Set([1, ...(await listGenerations(dbName))])
    for (const generation of [...generations].toSorted((a, b) => b - a))
      await deleteDB(nameGeneration(dbName, generation))
  } catch (error) {
    throw toSyncError(error)
  }
}

/** See {@link emptyRows}; of all databases that the store has; 0 if there is none. Errors: storage-failed, newer-schema. */
export async function emptyStore(dbName: string, when: EmptyWhen): Promise<number> {
  let unsent = 0
  for (const generation of await listGenerations(dbName)) {
    const isKept = when === 'if-sent' && unsent > 0
    unsent += await emptyOne(nameGeneration(dbName, generation), isKept ? 'never' : when)
  }
  return unsent
}

async function emptyOne(name: string, when: EmptyWhen): Promise<number> {
  try {
    const database = await openIdbDatabase({ name, mustExist: true })
    try {
      return await emptyRows(database, when)
    } finally {
      await database.close()
    }
  } catch (error) {
    if (error instanceof SyncError && error.code === 'closed') return 0
    throw error
  }
}

import type { DBSchema, IDBPDatabase } from 'idb'
import type { StoreId } from '../contract/index.ts'
import { createMutex } from './fifo-mutex.ts'
import { openToWrite, WATCHDOG_MS } from './idb/door.ts'
import { noAnswerError, toSyncError } from './idb/idb-errors.ts'
import { inTime, startPlatformTimer } from './idb/in-time.ts'

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

type RegistryDatabase = IDBPDatabase<RegistrySchema>

/** The name of the list’s database. */
export const REGISTRY_NAME = 'web-sync-registry'

/** Opens the list of this device's stores. Errors: quota-exceeded, storage-failed, storage-blocked, storage-forbidden. */
export async function openRegistry(): Promise<Registry> {
  const mutex = createMutex()
  let opened: Promise<RegistryDatabase> | null = null
  // What the browser closed, another context's upgrade, or what failed, is opened again by the next use.
  const drop = (): void => {
    opened?.then((db) => db.close()).catch(() => undefined)
    opened = null
  }
  const open = async (): Promise<RegistryDatabase> => {
    const options = { version: 1, make: makeStores, onVersionChange: drop, onTerminated: drop }
    return (await openToWrite(REGISTRY_NAME, options)) as unknown as RegistryDatabase
  }
  const use = <T>(work: (db: RegistryDatabase) => Promise<T>): Promise<T> =>
    mutex.run(async () => {
      try {
        opened ??= open()
        const answer = work(await opened).then((value) => ({ value }))
        const inWatchdog = await inTime(answer, WATCHDOG_MS, startPlatformTimer)
        if (inWatchdog === null) throw noAnswerError()
        return inWatchdog.value
      } catch (error) {
        drop()
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
    close: drop,
  }
}

function makeStores(db: IDBPDatabase): void {
  db.createObjectStore('stores', { keyPath: 'dbName' })
}

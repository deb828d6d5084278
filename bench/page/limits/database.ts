import type { Place } from '../../shared/place.ts'

/** How a limit lays records out. */
export type Layout = 'rows' | 'rows-index' | 'packed'

/** Opens the database of a limit. */
export function openDatabase(layout: Layout): Promise<IDBDatabase> {
  const request = indexedDB.open(`limit-${layout}`, 1)
  request.addEventListener('upgradeneeded', () => {
    const database = request.result
    const rows = database.createObjectStore('rows', { keyPath: 'id' })
    if (layout === 'rows-index') rows.createIndex('population', 'population')
    database.createObjectStore('packs', { autoIncrement: true })
    // Writes in order of writing: an entry for each batch, and for packs the newest states of their records, too.
    database.createObjectStore('outbox', { autoIncrement: true })
    database.createObjectStore('meta')
  })
  return done(request)
}

/** The result of a request. */
export function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('a request failed')))
  })
}

/** Resolves when a transaction is complete. */
export function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.addEventListener('complete', () => resolve())
    transaction.addEventListener('abort', () => reject(transaction.error ?? new Error('a transaction was aborted')))
  })
}

/** Strict for a person's writes, relaxed for what can be fetched again: as our own store has it. */
export function begin(
  database: IDBDatabase,
  stores: readonly string[],
  durability: 'strict' | 'relaxed',
): IDBTransaction {
  return database.transaction([...stores], 'readwrite', { durability })
}

/** The number to fetch from. */
export async function readCursor(database: IDBDatabase): Promise<number> {
  const found: unknown = await done(database.transaction('meta').objectStore('meta').get('cursor'))
  return (found as number | undefined) ?? 0
}

/** Adds to the outbox what is to be sent: one entry for each write, or for each batch of them. */
export function addToOutbox(transaction: IDBTransaction, places: readonly Place[]): void {
  transaction.objectStore('outbox').add(JSON.stringify(places))
}

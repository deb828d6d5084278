import type { IDBPDatabase, IDBPObjectStore, IDBPTransaction } from 'idb'
import type { OldDatabase, ReadRows } from '../estate.ts'
import { openToWrite } from './door.ts'
import { openIdbDatabase } from './idb-database.ts'

/**
 * Opens a database that was replaced, to be read row by row. Rejects where it is not there (any more), or cannot be opened.
 *
 * @param movedTo name of the store that takes it over, if that is one of another address
 */
export async function openOldDatabase(
  name: string,
  age: number,
  movedTo?: string,
): Promise<OldDatabase & { close(): void }> {
  // Only one of the present layout is read.
  await (await openIdbDatabase({ name, mustExist: true })).close()
  // Another tab may have been faster, and it is gone.
  const db = await openToWrite(name)
  return {
    name,
    age,
    movedTo,
    fence: (mark) => fence(db, mark),
    readAll: (store) => readAll(db, store),
    readInherited: () => readMeta(db, 'inherited'),
    close: () => db.close(),
  }
}

async function fence(
  db: IDBPDatabase,
  mark: (row: unknown) => object,
): Promise<{ readonly row: unknown; readonly isMarked: boolean }> {
  try {
    const { store, done } = begin(db, 'meta', 'readwrite')
    const row = mark(await store.get('sync'))
    await store.put(row)
    await done
    return { row, isMarked: true }
  } catch {
    return { row: await readMeta(db, 'sync'), isMarked: false }
  }
}

async function readMeta(db: IDBPDatabase, key: string): Promise<unknown> {
  try {
    return (await begin(db, 'meta', 'readonly').store.get(key)) as unknown
  } catch {
    return undefined
  }
}

/** All rows of a store that can be read; one by one if they cannot be read together. */
async function readAll(db: IDBPDatabase, name: string): Promise<ReadRows> {
  const read = async <T>(work: (store: ReadableStore) => Promise<T>): Promise<T> =>
    work(begin(db, name, 'readonly').store)
  try {
    const keys = await read((store) => store.getAllKeys())
    const rows: unknown[] = await read((store) => store.getAll()).catch(async () => {
      const each: unknown[] = []
      for (const key of keys) each.push(await read((store) => store.get(key)).catch(() => null))
      return each
    })
    const good = rows.filter((row) => typeof row === 'object' && row !== null)
    return { rows: good, unreadable: keys.length - good.length }
  } catch {
    return { rows: [], unreadable: null }
  }
}

type ReadableStore = Pick<IDBPObjectStore, 'get' | 'getAll' | 'getAllKeys'>

function begin<Mode extends 'readonly' | 'readwrite'>(
  db: IDBPDatabase,
  name: string,
  mode: Mode,
): IDBPTransaction<unknown, [string], Mode> {
  const tx = db.transaction(name, mode, { durability: 'strict' })
  // Whoever waits for its requests hears of it.
  tx.done.catch(() => undefined)
  return tx
}

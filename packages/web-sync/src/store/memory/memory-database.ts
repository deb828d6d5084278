import { createMutex } from '../fifo-mutex.ts'
import type { RowKey, RowKeyRange } from '../keys.ts'
import type { RowDatabase, RowWriter, Selection } from '../row-database.ts'
import { KEY_PATHS, type Rows, STORE_NAMES, type StoreName } from '../rows.ts'
import { SortedMap } from './sorted-map.ts'

/** Rows in memory: what several stores of one «device» share. */
export interface MemoryDatabase extends Pick<RowDatabase, 'read' | 'write'> {
  /** The same rows in a database of its own: a cloned profile, or the state that a power loss goes back to. */
  copy(): MemoryDatabase
}

type AnyRow = Rows[StoreName]

type Table = SortedMap<AnyRow>

type Tables = Readonly<Record<StoreName, Table>>

/** Undoes one write. */
type AbortAction = () => void

/** Creates an empty database in memory. */
export function createMemoryDatabase(): MemoryDatabase {
  return openTables(makeTables(() => new SortedMap()))
}

function makeTables(make: (name: StoreName) => Table): Tables {
  return Object.fromEntries(STORE_NAMES.map((name) => [name, make(name)])) as unknown as Tables
}

function openTables(tables: Tables): MemoryDatabase {
  const mutex = createMutex()
  const run = <T>(work: (tx: RowWriter) => Promise<T>, onComplete?: () => void): Promise<T> =>
    mutex.run(async () => {
      const abortActions: AbortAction[] = []
      try {
        const result = await work(createTransaction(tables, abortActions))
        onComplete?.()
        return result
      } catch (error) {
        for (const act of abortActions.toReversed()) act()
        throw error
      }
    })
  return {
    read: (work) => run(work),
    write: (_durability, work, onComplete) => run(work, onComplete),
    copy: () => openTables(makeTables((name) => tables[name].copy())),
  }
}

function createTransaction(tables: Tables, abortActions: AbortAction[]): RowWriter {
  const remove = (store: StoreName, key: RowKey): void => {
    const before = setRow(tables[store], key, undefined)
    if (before !== undefined) abortActions.push(() => setRow(tables[store], key, before))
  }
  const removeRange = (store: StoreName, range: RowKeyRange | null): void => {
    const keys = [...tables[store].entries(range)].map(([key]) => key)
    for (const key of keys) remove(store, key)
  }
  return {
    get: (store, key) => Promise.resolve(tables[store].get(key) as Rows[typeof store] | undefined),
    getMany: (store, keys) =>
      Promise.resolve(keys.map((key) => tables[store].get(key) as Rows[typeof store] | undefined)),
    list: (store, selection) => Promise.resolve(listRows(tables[store], selection) as Rows[typeof store][]),
    listKeys: (store, range, limit) =>
      Promise.resolve([...take(tables[store].entries(range), limit)].map(([key]) => key)),
    count: (store, range) => Promise.resolve(countRows(tables[store], range)),
    put: (store, row) => {
      const key = keyOfRow(store, row)
      const before = setRow(tables[store], key, row)
      abortActions.push(() => setRow(tables[store], key, before))
    },
    delete: remove,
    deleteRange: removeRange,
    clear: (store) => removeRange(store, null),
  }
}

/** Puts a row, or removes it (undefined); returns the row before. */
function setRow(table: Table, key: RowKey, row: AnyRow | undefined): AnyRow | undefined {
  return row === undefined ? table.delete(key) : table.set(key, row)
}

/** The primary key of a row. */
function keyOfRow(store: StoreName, row: AnyRow): RowKey {
  const path = KEY_PATHS[store]
  const fields = row as unknown as Readonly<Record<string, RowKey>>
  return typeof path === 'string' ? (fields[path] as RowKey) : path.map((field) => fields[field] as RowKey)
}

function listRows(table: Table, { range, direction = 'asc', limit }: Selection): AnyRow[] {
  return [...take(table.entries(range, direction), limit)].map(([, row]) => row)
}

function countRows(table: Table, range: RowKeyRange | null): number {
  return range === null ? table.size : [...table.entries(range)].length
}

function* take<T>(source: Iterable<T>, limit: number): Generator<T> {
  let taken = 0
  if (limit <= 0) return
  for (const element of source) {
    yield element
    taken += 1
    if (taken >= limit) return
  }
}
